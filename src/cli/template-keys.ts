import type { Command } from 'commander';
import { createReleaseKey, type OpenReleaseKey, readReleaseKey } from '../adapters/node/release-keys.ts';
import { AppError } from '../kernel/errors.ts';
import type { KeySet, ReleaseKey } from '../wire/link/revision-bundle.ts';
import type { CliIo } from './io.ts';
import { type KeySetChain, readKeySets, writeKeySet } from './key-set-file.ts';
import { formatTable } from './table.ts';

type NewOptions = { readonly key: string; readonly set: string; readonly comment: string };
type RotateOptions = NewOptions & { readonly new: string; readonly keep?: boolean };

const SET_FILE = 'release-keys.json';

/** `slipway template keys new | show | rotate`: who may sign what sites run. */
export function addKeyCommands(template: Command, io: CliIo): void {
  const keys = template
    .command('keys')
    .description('the keys that sign revisions, and the set of them that sites believe');
  keys
    .command('new')
    .description('make the first release key, and the first key set, which head office is given')
    .requiredOption('--key <file>', 'where the key is written; keep it secret, and keep a copy')
    .option('--set <file>', 'where the key set is written; nothing in it is secret', SET_FILE)
    .requiredOption('--comment <text>', 'whose key it is, for people')
    .action((options: NewOptions) => makeFirst(options, io));
  keys
    .command('show')
    .description('print the keys of the newest set, and which were retired')
    .option('--set <file>', 'the key set', SET_FILE)
    .option('--json', 'print JSON')
    .action(async (options: { readonly set: string; readonly json?: boolean }) => {
      const { newest } = await needSets(options.set);
      io.write(options.json ? `${JSON.stringify(newest, null, 2)}\n` : formatSet(newest));
    });
  keys
    .command('rotate')
    .description('make another key and the next key set, signed by a key of the set before it')
    .requiredOption('--key <file>', 'a key of the set as it is')
    .requiredOption('--new <file>', 'where the new key is written')
    .option('--set <file>', 'the key set, which is written anew', SET_FILE)
    .requiredOption('--comment <text>', 'whose key it is, for people')
    .option('--keep', 'let the old key go on signing beside the new one')
    .action((options: RotateOptions) => rotate(options, io));
}

async function makeFirst({ key, set, comment }: NewOptions, io: CliIo): Promise<void> {
  if (await readKeySets(set))
    throw new AppError('usage-invalid', `${set} is there already: \`slipway template keys rotate\` makes the next one`);
  const made = await createReleaseKey(key, comment);
  await writeKeySet(set, [], { format: 'slipway-keys/v1', version: 1, keys: [keyOf(made)], retired: {} }, made);
  io.write(`key ${made.id} is in ${key}: keep it secret, and keep a copy where the hub is not\n`);
  io.write(`key set 1 is in ${set}: name it in releaseKeys of the hub's file\n`);
}

async function rotate(options: RotateOptions, io: CliIo): Promise<void> {
  const chain = await needSets(options.set);
  const old = await readReleaseKey(options.key);
  if (!chain.newest.keys.some(({ id }) => id === old.id))
    throw new AppError(
      'usage-invalid',
      `key ${old.id} of ${options.key} is not one of key set ${chain.newest.version}`,
    );
  const made = await createReleaseKey(options.new, options.comment);
  const next = nextSet(chain.newest, made, options.keep ? undefined : old.id);
  await writeKeySet(options.set, chain.sets, next, old);
  io.write(`key ${made.id} is in ${options.new}\n`);
  io.write(
    `key set ${next.version} is in ${options.set}, signed by ${old.id}; the next push brings it to head office\n`,
  );
  if (!options.keep) io.write(`key ${old.id} is retired: sites refuse what it signs once they know this set\n`);
}

function nextSet(before: KeySet, made: OpenReleaseKey, retired: string | undefined): KeySet {
  const version = before.version + 1;
  return {
    format: 'slipway-keys/v1',
    version,
    keys: [...before.keys.filter(({ id }) => id !== retired), keyOf(made)],
    retired: { ...before.retired, ...(retired !== undefined && { [retired]: version }) },
  };
}

function keyOf({ id, publicKey, comment }: OpenReleaseKey): ReleaseKey {
  return { id, publicKey, comment };
}

async function needSets(path: string): Promise<KeySetChain> {
  const chain = await readKeySets(path);
  if (chain) return chain;
  throw new AppError('usage-invalid', `there is no ${path}: \`slipway template keys new\` makes the first one`);
}

function formatSet({ version, keys, retired }: KeySet): string {
  const rows = [
    ...keys.map(({ id, comment }) => [id, 'signs', comment]),
    ...Object.entries(retired).map(([id, since]) => [id, `retired with set ${since}`, '']),
  ];
  return `key set ${version}\n${formatTable(['KEY', 'STATE', 'COMMENT'], rows)}`;
}

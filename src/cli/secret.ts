import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { askSite, tellSite } from '../adapters/http/control-client.ts';
import { AppError } from '../kernel/errors.ts';
import type { CommandReply } from '../wire/api/commands.ts';
import type { SecretBody, SecretList, SecretView } from '../wire/api/secrets.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';
import { formatTable, formatTime } from './table.ts';

type SetOptions = AskOptions & { readonly file?: string };

/** A little more than the site takes, so that it is the site that says so. */
const MOST_BYTES = 128 * 1024;

/** `slipway secret set`, `list` and `remove`: the values that `@{secret.NAME}` stands for, kept encrypted by the site. */
export function addSecretCommands(program: Command, io: CliIo): void {
  const secret = program.command('secret').description('the secrets that the site keeps for its templates');
  const add = (name: string, description: string): Command =>
    secret.command(name).description(description).addOption(jsonOption()).addOption(socketOption());
  const tell = async (options: AskOptions, name: string, word: string, body: object): Promise<void> => {
    const path = `/api/v1/secrets/${encodeURIComponent(name)}/${word}`;
    const reply = await tellSite<CommandReply>(options.socket, path, body);
    io.write(options.json ? `${JSON.stringify(reply, undefined, 2)}\n` : `${reply.sentence}\n`);
  };

  add('set', 'keeps a value, read from standard input: slipway secret set joinToken < FILE')
    .argument('<name>', 'as the template has it in @{secret.NAME}')
    .option('--file <path>', 'read the value from this file instead')
    .action(async (name: string, options: SetOptions) =>
      tell(options, name, 'set', { value: await readValue(options.file) } satisfies SecretBody),
    );
  add('list', 'which secrets there are, where they come from and who wants them; never a value').action(
    async (options: AskOptions) => {
      const list = await askSite<SecretList>(options.socket, '/api/v1/secrets');
      io.write(options.json ? `${JSON.stringify(list, undefined, 2)}\n` : formatSecrets(list.secrets));
    },
  );
  add('remove', 'forgets a value')
    .argument('<name>', 'as the template has it in @{secret.NAME}')
    .action((name: string, options: AskOptions) => tell(options, name, 'remove', {}));
}

/** The list as a person reads it. */
export function formatSecrets(secrets: readonly SecretView[]): string {
  if (secrets.length === 0) return 'no secret is set, and the template wants none\n';
  const rows = secrets.map((one) => [one.name, stateOf(one), one.wantedBy.join(', ') || '-']);
  return formatTable(['SECRET', 'STATE', 'WANTED BY'], rows);
}

function stateOf({ name, from, file, setAt, problem }: SecretView): string {
  if (problem !== undefined) return `UNREADABLE: ${problem}`;
  if (from === 'nowhere') return `NOT SET: slipway secret set ${name}`;
  if (from === 'head-office') return 'from head office';
  return from === 'file' ? `in ${file}` : `set ${setAt === undefined ? '' : formatTime(setAt)}`;
}

/** The value without the line end of an editor. From a terminal none is taken: it would stay on the screen. */
async function readValue(file: string | undefined): Promise<string> {
  const how = 'slipway secret set NAME < FILE';
  if (file === undefined && process.stdin.isTTY)
    throw new AppError('usage-invalid', `the value is read from standard input or a file, not typed: ${how}`);
  const bytes = file === undefined ? await readAll(process.stdin) : await readStart(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new AppError('usage-invalid', 'the value is not text in UTF-8', { cause });
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MOST_BYTES) break;
  }
  return Buffer.concat(chunks);
}

async function readStart(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('usage-invalid', `${path} cannot be read: ${cause.code ?? cause.message}`, { cause });
  });
  try {
    return await readAll(file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>);
  } finally {
    await file.close();
  }
}

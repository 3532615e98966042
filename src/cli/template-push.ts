import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { HubClient } from '../adapters/http/hub-client.ts';
import { type OpenReleaseKey, readReleaseKey } from '../adapters/node/release-keys.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import { AppError } from '../kernel/errors.ts';
import { formatArchive, PUSH_PATHS, type PushBody, type PushJob } from '../wire/api/pushes.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { type FleetDisk, openGoodFleet } from './fleet-dir.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import type { CliIo } from './io.ts';
import { type KeySetChain, readKeySets } from './key-set-file.ts';
import { readSecretsFile } from './secrets-file.ts';
import { signSite } from './sign-site.ts';
import { newerKeys, type Sealer, type Survey, survey } from './survey.ts';

type Options = HubOptions & {
  readonly dir: string;
  readonly key: string;
  readonly set?: string;
  readonly sites?: string;
  readonly comment?: string;
  readonly commit?: string;
  readonly secrets?: string;
  readonly json?: boolean;
};

/** `push`: missing if there was nothing new. */
type Outcome = {
  readonly push?: string;
  readonly sites: number;
  readonly unchanged: number;
  readonly cannot: Survey['cannot'];
};

const LOOK_MS = 200;

/** `slipway template push`: renders, seals, signs, and brings it to head office, which publishes nothing by that. */
export function addPushCommand(
  template: Command,
  tools: { readonly io: CliIo; readonly setStatus: (status: ExitStatus) => void; readonly disk: FleetDisk },
): void {
  withHub(template.command('push'))
    .description(
      'render, seal and sign a revision for each site that changes, and bring them to head office; nothing is published',
    )
    .option('--dir <folder>', 'the fleet directory', '.')
    .requiredOption('--key <file>', 'the release key')
    .option('--set <file>', 'the key set; without it release-keys.json in the directory, if there is one')
    .option('--sites <selector>', 'only these: labels such as region=eu,tier=1, or names with commas')
    .option('--comment <text>', 'what it is for; shown wherever the push is')
    .option('--commit <id>', 'the commit of the directory; shown as it is')
    .option('--secrets <file>', 'values of secrets, sealed for each site; without it those of the push before are kept')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const outcome = await push(options, tools.disk, tools.io);
      tools.io.write(options.json ? `${JSON.stringify(outcome)}\n` : formatOutcome(outcome));
      if (outcome.cannot.length > 0) tools.setStatus(EXIT.finding);
    });
}

async function push(options: Options, disk: FleetDisk, io: CliIo): Promise<Outcome> {
  const client = hubClientOf(options);
  const key = await readReleaseKey(options.key);
  const chain = await readChain(options);
  const sources: Record<string, string> = {};
  const fleet = openGoodFleet(options.dir, disk, (name, text) => {
    sources[name] = text;
  });
  const found = await survey(fleet, {
    ...{ dir: options.dir, client, ...(await chosen(options, key)) },
    ...(chain && { keys: chain.newest }),
  });
  const rest = { unchanged: found.unchanged.length, cannot: found.cannot };
  const signed = alreadyPushed(found) ? [] : found.candidates;
  // What waits at head office to be published is not changed by this push either.
  if (signed.length === 0 && !bringsKeys(chain, found))
    return { sites: 0, ...rest, unchanged: rest.unchanged + found.candidates.length };
  assertMaySign(key, chain, found);
  const body: PushBody = {
    ...{ format: 'slipway-push/v1', comment: options.comment ?? '', sources: formatArchive(sources) },
    ...(options.commit !== undefined && { commit: options.commit }),
    keySets: chain?.sets ?? [],
    sites: await Promise.all(signed.map((one) => signSite(one, key, { client, at: new Date() }))),
  };
  const job = await deliver(client, body, io);
  return { ...(job.push !== undefined && { push: job.push }), sites: signed.length, ...rest };
}

async function readChain({ dir, set }: Options): Promise<KeySetChain | undefined> {
  const chain = await readKeySets(set ?? join(dir, 'release-keys.json'));
  if (set !== undefined && !chain) throw new AppError('usage-invalid', `there is no ${set}`);
  return chain;
}

async function chosen({ sites, secrets }: Options, key: OpenReleaseKey): Promise<{ sites?: string; sealer?: Sealer }> {
  const sealer =
    secrets === undefined ? {} : { sealer: { values: await readSecretsFile(secrets), seed: key.sealingSeed } };
  return { ...sealer, ...(sites !== undefined && { sites }) };
}

/** Whether head office does not know the newest key set yet. */
function bringsKeys(chain: KeySetChain | undefined, { hub }: Survey): boolean {
  return (chain?.newest.version ?? 0) > (hub.keys?.version ?? 0);
}

/** Everything that changes waits in the newest push: the same content twice is nothing new. */
function alreadyPushed({ candidates }: Survey): boolean {
  const pushes = new Set(candidates.map(({ known, isPushed }) => (isPushed ? known.newest?.push : undefined)));
  return candidates.length === 0 || (pushes.size === 1 && !pushes.has(undefined));
}

function assertMaySign(key: OpenReleaseKey, chain: KeySetChain | undefined, found: Survey): void {
  const newest = newerKeys(chain?.newest, found.hub.keys);
  if (!newest)
    throw new AppError(
      'push-refused',
      'head office was given no release keys: name the key set in releaseKeys of its file',
    );
  const since = newest.retired[key.id];
  if (since !== undefined) throw new AppError('push-refused', `key ${key.id} was retired with key set ${since}`);
  if (!newest.keys.some(({ id }) => id === key.id))
    throw new AppError('push-refused', `key ${key.id} is not in key set ${newest.version}, which sites believe`);
}

async function deliver(client: HubClient, body: PushBody, io: CliIo): Promise<PushJob> {
  const bytes = new TextEncoder().encode(canonicalJson(body));
  let job = await client.postBytes<PushJob>(PUSH_PATHS.begin, bytes);
  let told = 0;
  while (job.state === 'running') {
    if (job.done >= told + 200) {
      told = job.done;
      io.writeError(`head office has compared ${job.done} of ${job.of} sites\n`);
    }
    await pause(LOOK_MS);
    job = await client.get<PushJob>(PUSH_PATHS.job.replace(':job', job.job));
  }
  if (job.state === 'refused') throw new AppError('push-refused', job.because ?? 'head office does not say why');
  return job;
}

function formatOutcome({ push, sites, unchanged, cannot }: Outcome): string {
  const left = cannot.map(({ site, because }) => `${site} is left out: ${because}\n`).join('');
  if (push === undefined && unchanged === 0) return `${left}nothing was pushed\n`;
  if (push === undefined) return `${left}no site changes: head office has all of it already\n`;
  const count = `${sites} site${sites === 1 ? '' : 's'}`;
  return `${left}push ${push} is at head office for ${count}; ${unchanged} unchanged\npublish it: slipway hub publish ${push}\n`;
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../adapters/node/clock.ts';
import { enrolmentCrypto } from '../adapters/node/enrolment-crypto.ts';
import { makePrivateDir } from '../adapters/node/files.ts';
import { openPrivateFiles } from '../adapters/node/private-files.ts';
import { systemRandom } from '../adapters/node/random.ts';
import { x509 } from '../adapters/node/x509.ts';
import { openHubStore } from '../adapters/store/hub-store.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import { type Undo, unwind } from '../kernel/undo.ts';
import type { HubStore } from '../model/fleet/hub-store.ts';
import type { LinkHandlers } from '../wire/link/handlers.ts';
import { type AdminSettings, openFeed, startAdmin } from './admin.ts';
import { watchAlarms } from './alarms/watch.ts';
import { databaseOf, type HubConfig, placeOf } from './config.ts';
import { openHubIdentity } from './identity/identity.ts';
import { readKeySetFiles, releaseCrypto } from './key-sets.ts';
import { startLinkPort } from './link-port.ts';
import { createRenderer } from './render-in-thread.ts';
import { openRevisions } from './revisions/revisions.ts';
import { createRollouts } from './rollouts/rollouts.ts';
import { createSites, LIMITS } from './sites/sites.ts';

export type HubOptions = {
  readonly config: HubConfig;
  readonly log: Log;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly fsyncDelayMs: number;
  /** A test aid: sites come by at least so often. */
  readonly pollMaxMs?: number | undefined;
  /** The store is gone: the hub cannot acknowledge anything any more and must end. */
  readonly onLost: (error: AppError) => void;
};

export interface Hub {
  /** Opens the ports and serves. Rejects with an AppError; then `stop` ends what had begun. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Head office. Rejects with an AppError if its file, its store or its certificates cannot be used; nothing is left open then. */
export async function createHub(options: HubOptions): Promise<Hub> {
  const undo: Undo[] = [];
  try {
    return await assemble(options, undo);
  } catch (error) {
    await unwind(undo, options.log);
    throw error;
  }
}

/** Head office, as a list of its parts. They start in the order in which they are listed, and stop in reverse. */
async function assemble(
  { config, log, version, env, fsyncDelayMs, pollMaxMs, onLost }: HubOptions,
  undo: Undo[],
): Promise<Hub> {
  const clock = systemClock;
  const random = systemRandom;
  const limits =
    pollMaxMs === undefined
      ? LIMITS
      : { ...LIMITS, pollMinMs: Math.min(LIMITS.pollMinMs, Math.floor(pollMaxMs / 4)), pollMaxMs };
  let isServing = false;
  const notReady = (): string[] => (isServing ? [] : ['the hub is starting']);

  // What it keeps.
  await makePrivateDir(config.dataDir);
  const database = await openHubStore(databaseOf(config), {
    ...{ log, onLost, faults: { syncDelayMs: fsyncDelayMs } },
  });
  undo.push(() => database.close());
  const { feed, index, store } = openFeed(database, { clock, random });

  // What was pushed, and whose signatures count.
  const revisions = await openRevisions({
    ...{ store, renderer: createRenderer(clock), crypto: releaseCrypto, clock, log },
    keySetFiles: await readKeySetFiles(config.releaseKeys),
  });

  // Who head office is, and who may speak for a site.
  const identity = await openHubIdentity({
    ...{ hub: config.hub, url: config.link.url, hosts: [new URL(config.link.url).hostname, ...config.link.hosts] },
    files: await openPrivateFiles(join(config.dataDir, 'ca')),
    keySets: revisions.keySets,
    ...{ store, x509, crypto: enrolmentCrypto, clock, random, log },
  });
  undo.push(() => identity.stop());

  // What sites say, and what they are told.
  const sites = createSites({
    ...{ store, clock, random, log, limits: () => limits },
    identity: {
      keySetVersion: revisions.keySetVersion,
      atHello: async (tx, caller, { keySetVersion, roots }) => {
        const { isTrustNew, renew } = await identity.roots.atHello(tx, caller, roots);
        const isNew = isTrustNew || keySetVersion < (await revisions.keySetVersion(tx));
        return { renew, trust: isNew ? await identity.trust(tx) : undefined };
      },
    },
  });
  const rollouts = createRollouts({
    ...{ store, clock, random, log, limits: () => limits },
    admit: sites.admit,
    wantsHello: async (tx, caller, session) =>
      identity.wantsHello(caller.site) || sites.wantsHello(tx, caller, session),
  });
  sites.onState((site, key) => {
    if (key === 'apply') void rollouts.onApply(site);
  });
  const handlers: LinkHandlers = {
    ...identity.handlers,
    ...sites.handlers,
    ...revisions.handlers,
    sync: rollouts.sync,
  };
  const isReady = async (): Promise<boolean> => notReady().length === 0 && (await canWrite(store));

  // What a person is called for.
  const { dataDir } = config;
  const { silentAfterMs } = rollouts.reach();
  const startAlarms = () => watchAlarms({ store, clock, random, log, dataDir, silentAfterMs });

  // What people and programs may ask.
  const settings = await adminSettings(config, env);
  const adminDeps = {
    store,
    feed,
    desks: {
      ...{ hub: config.hub, index, silentAfterMs },
      ...{ publications: rollouts, pushes: revisions.desk, identity: identity.desk, roots: identity.roots },
    },
    settings,
    version,
    notReady,
    clock,
    random,
    log,
  };

  return {
    start: async () => {
      undo.push(await rollouts.start());
      const admin = await startAdmin(adminDeps);
      undo.push(admin.stop);
      const link = await startLinkPort({
        listen: config.link.listen,
        identity,
        handlers,
        bell: rollouts.bell,
        isReady,
        clock,
        log,
      });
      undo.push(link.stop);
      undo.push(startAlarms().stop);
      isServing = true;
    },
    stop: async () => {
      isServing = false;
      await unwind(undo, log);
    },
  };
}

/** By an empty unit: it goes the whole way to the disk and changes nothing. */
async function canWrite(store: HubStore): Promise<boolean> {
  return store.work(async () => true).catch(() => false);
}

async function adminSettings({ admin, runtimeDir }: HubConfig, env: NodeJS.ProcessEnv): Promise<AdminSettings> {
  const dir = env['RUNTIME_DIRECTORY'] ?? runtimeDir;
  await makePrivateDir(dir);
  const tls = admin.tls && { cert: await readTls(admin.tls.cert), key: await readTls(admin.tls.key) };
  return {
    ...placeOf(admin.listen),
    ...(tls && { tls }),
    names: admin.names,
    controlSocket: join(dir, 'control.sock'),
  };
}

async function readTls(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('config-invalid', `${path}, named in admin.tls, cannot be read: ${cause.code}`, { cause });
  });
}

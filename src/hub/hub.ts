import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../adapters/node/clock.ts';
import { makePrivateDir } from '../adapters/node/files.ts';
import { systemRandom } from '../adapters/node/random.ts';
import { openHubStore } from '../adapters/store/hub-store.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import { type Undo, unwind } from '../kernel/undo.ts';
import { type AdminSettings, openFeed, startAdmin } from './admin.ts';
import { type HubConfig, placeOf } from './config.ts';

export type HubOptions = {
  readonly config: HubConfig;
  readonly log: Log;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly fsyncDelayMs: number;
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
async function assemble({ config, log, version, env, fsyncDelayMs, onLost }: HubOptions, undo: Undo[]): Promise<Hub> {
  const clock = systemClock;
  const random = systemRandom;
  let isServing = false;
  const notReady = (): string[] => (isServing ? [] : ['the hub is starting']);

  // What it keeps.
  await makePrivateDir(config.dataDir);
  const database = await openHubStore(join(config.dataDir, 'hub.db'), {
    ...{ log, onLost, faults: { syncDelayMs: fsyncDelayMs } },
  });
  undo.push(() => database.close());
  const { feed, store } = openFeed(database, { clock, random });

  // What people and programs may ask.
  const settings = await adminSettings(config, env);
  const adminDeps = { store, feed, desks: {}, settings, version, notReady, clock, random, log };

  return {
    start: async () => {
      const admin = await startAdmin(adminDeps);
      undo.push(admin.stop);
      isServing = true;
    },
    stop: async () => {
      isServing = false;
      await unwind(undo, log);
    },
  };
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

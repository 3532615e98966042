import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemClock } from '../adapters/node/clock.ts';
import { createLog } from '../adapters/node/log.ts';
import { createNotifier } from '../adapters/node/notify.ts';
import { AppError } from '../kernel/errors.ts';
import { createRedactor } from '../kernel/redactor.ts';
import { type HubConfig, parseHubConfig } from './config.ts';
import { createHub } from './hub.ts';

export type RunHubOptions = {
  readonly configPath: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly version: string;
  /** A test aid: each commit's sync takes so much longer. */
  readonly fsyncDelayMs: number;
  /** A test aid: sites come by at least so often. */
  readonly pollMaxMs?: number | undefined;
};

const STOP_WITHIN_MS = 10_000;

/** Runs head office until SIGTERM or SIGINT. Rejects with an AppError if it cannot start; nothing keeps running then. */
export async function runHub({ configPath, logLevel, version, ...aids }: RunHubOptions): Promise<void> {
  const log = createLog({ level: logLevel, redactor: createRedactor() });
  const notifier = createNotifier(process.env['NOTIFY_SOCKET'], log);
  const stopped = untilSignal();
  const lost = Promise.withResolvers<never>();
  const config = await readHubConfig(configPath);
  const hub = await createHub({ config, log, version, env: process.env, ...aids, onLost: lost.reject });
  try {
    await hub.start();
    await notifier.ready();
    log.info({ hub: config.hub }, 'hub is ready');
    const signal = await Promise.race([stopped, lost.promise]);
    log.info({ signal }, 'hub is stopping');
  } finally {
    await notifier.stopping();
    // A site that never hangs up must not keep a service from ending.
    const force = systemClock.after(STOP_WITHIN_MS, () => {
      throw new AppError('internal', 'the hub did not stop in time');
    });
    await hub.stop();
    force();
  }
}

/**
 * Reads the hub file; paths in it are relative to its folder.
 * @throws AppError `config-invalid`
 */
export async function readHubConfig(path: string): Promise<HubConfig> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('config-invalid', `the hub file ${path} cannot be read: ${cause.code}`, { cause });
  });
  const parsed = parseHubConfig(text, path);
  if (!parsed.ok) throw parsed.error;
  const inFolder = (file: string): string => resolve(dirname(path), file);
  const { admin, releaseKeys } = parsed.value;
  const tls = admin.tls && { cert: inFolder(admin.tls.cert), key: inFolder(admin.tls.key) };
  return { ...parsed.value, admin: { ...admin, ...(tls && { tls }) }, releaseKeys: releaseKeys.map(inFolder) };
}

function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolveSignal(signal));
  });
}

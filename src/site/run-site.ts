import { dirname, resolve } from 'node:path';
import { systemClock } from '../adapters/node/clock.ts';
import { createLog } from '../adapters/node/log.ts';
import { createNotifier } from '../adapters/node/notify.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import { createRedactor, type Redactor } from '../kernel/redactor.ts';
import { readTemplateFile } from './compile-site.ts';
import { parseSiteConfig, type SiteConfig } from './config.ts';
import { createSite } from './site.ts';

export type RunOptions = {
  readonly configPath: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** A test aid: each commit's sync takes so much longer. */
  readonly fsyncDelayMs: number;
  /** A test aid: head office is asked for the first time within so long. */
  readonly linkDelayMs?: number | undefined;
  /** A test aid: no wait of a look for other DHCP servers is longer than this. */
  readonly lookDelayMs?: number | undefined;
};

const STOP_WITHIN_MS = 10_000;

/** Runs the appliance until SIGTERM or SIGINT. Rejects with an AppError if it cannot start; nothing keeps running then. */
export async function runSite(options: RunOptions): Promise<void> {
  const redactor = createRedactor();
  const log = createLog({ level: options.logLevel, redactor });
  const notifier = createNotifier(process.env['NOTIFY_SOCKET'], log);
  const stopped = untilSignal();
  for (let why: Ended = 'restart'; why === 'restart'; ) {
    why = await runOnce(options, { redactor, log, notifier, stopped });
    // What systemd opened is closed for good with the site that had it: systemd gives it to the next process.
    if (why === 'restart' && process.env['LISTEN_FDS'] !== undefined)
      throw new AppError('interrupted', 'the site begins anew, with its sockets from systemd');
  }
}

type Ended = NodeJS.Signals | 'restart';
type Process = {
  readonly redactor: Redactor;
  readonly log: Log;
  readonly notifier: ReturnType<typeof createNotifier>;
  readonly stopped: Promise<NodeJS.Signals>;
};

async function runOnce(options: RunOptions, { redactor, log, notifier, stopped }: Process): Promise<Ended> {
  const lost = Promise.withResolvers<never>();
  const anew = Promise.withResolvers<'restart'>();
  const config = await readSiteConfig(options.configPath);
  const site = await createSite({
    ...{ config, log, redactor },
    env: process.env,
    fsyncDelayMs: options.fsyncDelayMs,
    linkDelayMs: options.linkDelayMs,
    lookDelayMs: options.lookDelayMs,
    onLost: lost.reject,
    onRestart: (because) => {
      log.warn({ because }, 'the site begins anew');
      anew.resolve('restart');
    },
  });
  try {
    await site.start();
    await notifier.ready();
    log.info({ site: config.site }, 'site is ready');
    const why = await Promise.race([stopped, anew.promise, lost.promise]);
    if (why !== 'restart') log.info({ signal: why }, 'site is stopping');
    return why;
  } finally {
    await notifier.stopping();
    // A client that never hangs up must not keep a service from ending.
    const force = systemClock.after(STOP_WITHIN_MS, () => {
      throw new AppError('internal', 'the site did not stop in time');
    });
    await site.stop();
    force();
  }
}

/**
 * Reads the site file; paths in it are relative to its folder.
 * @throws AppError `config-invalid`
 */
export async function readSiteConfig(path: string): Promise<SiteConfig> {
  const text = readTemplateFile(path);
  if (!text.ok) throw new AppError('config-invalid', `the site file ${text.error}`);
  const parsed = parseSiteConfig(text.value, path);
  if (!parsed.ok) throw parsed.error;
  const inFolder = (file: string): string => resolve(dirname(path), file);
  const secrets = Object.entries(parsed.value.secrets).map(([name, { file }]) => [name, { file: inFolder(file) }]);
  const { template, hub } = parsed.value;
  return {
    ...parsed.value,
    ...(template === undefined ? {} : { template: inFolder(template) }),
    ...(hub?.inspectionCa === undefined ? {} : { hub: { ...hub, inspectionCa: inFolder(hub.inspectionCa) } }),
    secrets: Object.fromEntries(secrets),
  };
}

function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolveSignal(signal));
  });
}

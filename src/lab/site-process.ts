import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askSite } from '../adapters/http/control-client.ts';
import type { Argv } from './command.ts';
import { type SlipwayProcess, startSlipway } from './slipway-process.ts';

export type SiteProcessOptions = {
  /** Keeps the site's file, data and log; used again by the next site that is started in it. */
  readonly workDir: string;
  /** The text of the site file; `dataDir` is added. */
  readonly config: string;
  /** Wraps the command, to run the site on another host of the lab. */
  readonly on?: (argv: Argv) => Argv;
  readonly args?: readonly string[];
  readonly readyWithinMs?: number;
  /** true: one that waits for its first revision from head office counts as ready. */
  readonly mayWait?: boolean;
};

/** A real `slipway site`, as a process of its own. */
export type SiteProcess = SlipwayProcess;

/**
 * Starts a site and waits until it is ready.
 * @throws AppError `lab-failed` with the last lines of its log if it ends or is not ready in time
 */
export async function startSite(options: SiteProcessOptions): Promise<SiteProcess> {
  await mkdir(options.workDir, { recursive: true });
  const configPath = join(options.workDir, 'site.yaml');
  await writeFile(configPath, `${options.config.trimEnd()}\ndataDir: ${join(options.workDir, 'data')}\n`);
  return startSlipway({
    command: 'site',
    configPath,
    workDir: options.workDir,
    ...(options.on && { on: options.on }),
    ...(options.args && { args: options.args }),
    readyWithinMs: options.readyWithinMs ?? 30_000,
    isReady: async (socket) => {
      const { notReady } = await askSite<{ notReady: readonly string[] }>(socket, '/api/v1/status');
      return options.mayWait === true || notReady.length === 0;
    },
  });
}

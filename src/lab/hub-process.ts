import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askSite } from '../adapters/http/control-client.ts';
import type { Argv } from './command.ts';
import { type SlipwayProcess, startSlipway } from './slipway-process.ts';

export type HubProcessOptions = {
  /** Keeps the hub's file, data and log; used again by the next hub that is started in it. */
  readonly workDir: string;
  /** The text of the hub file; `dataDir` is added. */
  readonly config: string;
  /** Wraps the command, to run the hub on another host of the lab. */
  readonly on?: (argv: Argv) => Argv;
  readonly args?: readonly string[];
};

/**
 * Starts a real `slipway hub` as a process of its own, and waits until it is ready.
 * @throws AppError `lab-failed` with the last lines of its log if it ends or is not ready in time
 */
export async function startHub({ workDir, config, on, args }: HubProcessOptions): Promise<SlipwayProcess> {
  await mkdir(workDir, { recursive: true });
  const configPath = join(workDir, 'hub.yaml');
  await writeFile(configPath, `${config.trimEnd()}\ndataDir: ${join(workDir, 'data')}\n`);
  return startSlipway({
    command: 'hub',
    configPath,
    workDir,
    ...(on && { on }),
    ...(args && { args }),
    readyWithinMs: 30_000,
    isReady: async (socket) => {
      await askSite(socket, '/readyz');
      return true;
    },
  });
}

import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
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
    isReady,
  });
}

/** `/readyz` is answered in words, for monitoring; its status says it. */
function isReady(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/readyz' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', reject);
    asked.end();
  });
}

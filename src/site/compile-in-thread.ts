import { Worker } from 'node:worker_threads';
import { AppError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/ports.ts';
import { err } from '../kernel/result.ts';
import { jobOf } from './compile-site.ts';
import type { ThreadSays } from './compile-thread.ts';
import type { StandaloneConfig } from './config.ts';
import type { Compiled } from './revisions.ts';

/** Ten times what the largest template takes on a slow box. */
const LIMIT_MS = 30_000;
/** The documents of a template have 32 MiB at most; what needs more than this is none of ours. */
const HEAP_MB = 1024;
/** Where memory is plenty, V8 would take 192 for what is forgotten at once. */
const YOUNG_MB = 48;

/**
 * As `compileSite`, in a thread of its own: a large or hostile template takes seconds, in which machines want answers. One
 * that takes too long or too much memory is refused like any other bad one.
 */
export function compileInThread(
  config: StandaloneConfig,
  number: number,
  clock: Clock,
  heapMb: number = HEAP_MB,
): Promise<Compiled> {
  const files = new Set<string>([config.template]);
  const refused = (because: string): Compiled => ({
    outcome: err([`${config.template} ${because}`]),
    files: [...files],
  });
  return new Promise<Compiled>((resolve, reject) => {
    const thread = new Worker(threadFile(), {
      workerData: jobOf(config, number),
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const cancel = clock.after(LIMIT_MS, () => {
      resolve(refused(`takes longer than ${LIMIT_MS / 1_000} s to compile`));
      void thread.terminate();
    });
    thread.on('message', (said: ThreadSays) => {
      if ('read' in said) files.add(said.read);
      else resolve(said.compiled);
    });
    thread.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
        resolve(refused(`takes more than ${heapMb} MB of memory to compile`));
      else reject(error);
    });
    // Whatever it said came before; who has an answer hears nothing of this.
    thread.on('exit', (status) => {
      cancel();
      reject(new AppError('internal', `the thread that compiles the template ended with status ${status}`));
    });
  });
}

/** From source, the file beside this one; in a bundle, which has one file per entry, the entry of that name. */
function threadFile(): URL {
  const name = import.meta.url.endsWith('.ts') ? './compile-thread.ts' : './compile-thread.js';
  return new URL(name, import.meta.url);
}

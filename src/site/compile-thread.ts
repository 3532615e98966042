import { parentPort, workerData } from 'node:worker_threads';
import { type CompileJob, compileJob } from './compile-site.ts';
import type { Compiled } from './revisions.ts';

/** `read`: a file that the template names, as soon as it is looked for; `compiled` comes last, once. */
export type ThreadSays = { readonly read: string } | { readonly compiled: Compiled };

/** The thread that compiles one template and ends. */
const say = (message: ThreadSays): void => parentPort?.postMessage(message);
if (parentPort) say({ compiled: compileJob(workerData as CompileJob, (read) => say({ read })) });

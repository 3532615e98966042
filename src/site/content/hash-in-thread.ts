import { Worker } from 'node:worker_threads';
import { AppError } from '../../kernel/errors.ts';
import type { HashThreadData, HashThreadSays } from './hash-thread.ts';

/** Reads files again, away from the thread that serves. */
export type FileHasher = {
  /** The sha256 of a file as 64 hex digits, or the errno on which reading it failed. One at a time. */
  hash(path: string): Promise<HashThreadSays>;
  close(): void;
};

/** No faster than `bytesPerSecond`, so that a slow disk has time for those who wait. */
export function hashInThread(bytesPerSecond: number): FileHasher {
  const thread = new Worker(threadFile(), { workerData: { bytesPerSecond } satisfies HashThreadData });
  thread.unref();
  let settle: { resolve(said: HashThreadSays): void; reject(cause: Error): void } | undefined;
  const fail = (cause: Error): void => settle?.reject(cause);
  thread.on('message', (said: HashThreadSays) => settle?.resolve(said));
  thread.on('error', fail);
  thread.on('exit', () => fail(new AppError('internal', 'the thread that reads files again has ended')));
  return {
    hash: (path) => {
      const { promise, ...ends } = Promise.withResolvers<HashThreadSays>();
      settle = ends;
      thread.postMessage(path);
      return promise;
    },
    close: () => void thread.terminate(),
  };
}

/** From source, the file beside this one; in a bundle, which has one file per entry, the entry of that name. */
function threadFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './hash-thread.ts' : './hash-thread.js', import.meta.url);
}

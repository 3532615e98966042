import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is told once, and for each file; what it says of each. */
export type HashThreadData = { readonly bytesPerSecond: number };
export type HashThreadSays = { readonly hex: string } | { readonly errno: string };

const PIECE_BYTES = 256 * 1024;

/** The thread that reads files again, slowly, and says what is in them. */
if (parentPort) {
  const port = parentPort;
  const { bytesPerSecond } = workerData as HashThreadData;
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const piece = new Uint8Array(PIECE_BYTES);
  const hashFile = (path: string): string => {
    const hash = createHash('sha256');
    const file = openSync(path, 'r');
    try {
      for (;;) {
        const bytesRead = readSync(file, piece);
        if (bytesRead === 0) return hash.digest('hex');
        hash.update(piece.subarray(0, bytesRead));
        Atomics.wait(bell, 0, 0, (bytesRead * 1_000) / bytesPerSecond);
      }
    } finally {
      closeSync(file);
    }
  };
  port.on('message', (path: string) => {
    try {
      port.postMessage({ hex: hashFile(path) } satisfies HashThreadSays);
    } catch (cause) {
      port.postMessage({ errno: (cause as NodeJS.ErrnoException).code ?? 'EIO' } satisfies HashThreadSays);
    }
  });
}

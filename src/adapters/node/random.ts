import { randomBytes } from 'node:crypto';
import type { Random } from '../../kernel/ports.ts';

/** Randomness of the operating system for bytes, of V8 for jitter. */
export const systemRandom: Random = {
  unit: () => Math.random(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
};

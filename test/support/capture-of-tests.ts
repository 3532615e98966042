import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { CAPTURE_PREFIX } from '../../src/lab/capture.ts';

type Task = { readonly type: string; readonly result?: { readonly state: string }; readonly tasks?: readonly Task[] };

/** For transcripts of firmware (`test/packets/record.ts`). */
const KEPT = process.env['SLIPWAY_KEEP_CAPTURES'] === '1';

/**
 * To be called where tests are declared: when those of this file or block are over, the captures in `folder` stay only
 * if one of them did not pass, or SLIPWAY_KEEP_CAPTURES is 1. Hooks run the last one first, so whoever declared one later has stopped recording.
 */
export function keepCaptureOfFailures(folder: string): void {
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures are wanted, and takes no other form
  afterAll(({}, suite) => {
    if (KEPT || !hasPassed(suite as Task)) return;
    const files = readdirSync(folder).filter((name) => name.startsWith(`${CAPTURE_PREFIX}_`));
    for (const name of files) rmSync(join(folder, name));
  });
}

/** A test that never began, because what it needs could not be set up, has not passed. */
function hasPassed({ type, result, tasks = [] }: Task): boolean {
  return type === 'test' ? result?.state === 'pass' : tasks.every(hasPassed);
}

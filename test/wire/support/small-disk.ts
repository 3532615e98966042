import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../../src/lab/command.ts';

/** Puts a disk of its own, of a size such as `4m`, at a folder; the answer takes it away again. */
export async function mountTmpfs(folder: string, size: string): Promise<() => Promise<unknown>> {
  mkdirSync(folder, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  return () => run(['umount', '--lazy', folder]);
}

/** Takes all space that is left; the answer is the file that took it. */
export function fillDisk(folder: string): string {
  const path = join(folder, 'filler');
  // Small pieces last: what is left is less than one of them.
  for (const sizeBytes of [1 << 20, 1 << 12]) {
    const piece = Buffer.alloc(sizeBytes, 1);
    const write = (): void => {
      for (;;) writeFileSync(path, piece, { flag: 'a' });
    };
    expect(write).toThrow(/ENOSPC/);
  }
  return path;
}

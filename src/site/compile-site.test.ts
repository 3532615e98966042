import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTemplateFile } from './compile-site.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-compile-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('readTemplateFile', () => {
  test('reads text', () => {
    writeFileSync(join(folder, 'a.yaml'), 'é: 1\n');
    expect(readTemplateFile(join(folder, 'a.yaml'))).toEqual({ ok: true, value: 'é: 1\n' });
  });

  test.each([
    ['a pipe that nobody writes to', 'is not a file', (path: string) => execFileSync('mkfifo', [path])],
    ['a device without end', 'is not a file', (path: string) => symlinkSync('/dev/zero', path)],
    ['a folder', 'is not a file', (path: string) => symlinkSync('/', path)],
    ['a link to itself', 'cannot be read: ELOOP', (path: string) => symlinkSync(path, path)],
    ['nothing', 'cannot be read: ENOENT', () => undefined],
    ['a file of 2 MiB', 'is larger than 1 MiB', (path: string) => writeFileSync(path, Buffer.alloc(2 ** 21))],
    ['bytes that are no text', 'is not text in UTF-8', (path: string) => writeFileSync(path, Uint8Array.of(0xff))],
  ])('refuses %s at once', (_what, because, make) => {
    const path = join(folder, 'odd');
    make(path);
    expect(readTemplateFile(path)).toEqual({ ok: false, error: `${path} ${because}` });
  });
});

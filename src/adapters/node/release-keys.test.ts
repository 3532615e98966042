import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReleaseKey, readReleaseKey, releaseKeyId, verifyRelease } from './release-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a key is made once, read back, and signs what it is given', async () => {
  const path = join(folder, 'release.pem');
  const made = await createReleaseKey(path, 'Ada, 2026');
  const read = await readReleaseKey(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(read).toMatchObject({ id: made.id, publicKey: made.publicKey, comment: 'Ada, 2026' });
  expect(read.id).toBe(releaseKeyId(read.publicKey));
  expect(read.sealingSeed).toEqual(made.sealingSeed);
  const signature = made.sign('text');
  expect(verifyRelease(read.publicKey, 'text', signature)).toBe(true);
  expect(verifyRelease(read.publicKey, 'texu', signature)).toBe(false);
  expect(verifyRelease(read.publicKey, 'text', 'AAAA')).toBe(false);
  expect(verifyRelease('AAAA', 'text', signature)).toBe(false);
  const before = readFileSync(path, 'utf8');
  await expect(createReleaseKey(path, '')).rejects.toMatchObject({ code: 'usage-invalid' });
  expect(readFileSync(path, 'utf8')).toBe(before);
});

test('a key that others may read, another kind of key and no key are refused with what is wrong', async () => {
  const path = join(folder, 'release.pem');
  await createReleaseKey(path, 'x');
  chmodSync(path, 0o640);
  await expect(readReleaseKey(path)).rejects.toThrow(`chmod 600 ${path}`);
  const wrong = join(folder, 'wrong.pem');
  writeFileSync(wrong, 'nothing', { mode: 0o600 });
  await expect(readReleaseKey(wrong)).rejects.toThrow('is no release key');
  await expect(readReleaseKey(join(folder, 'missing'))).rejects.toThrow('ENOENT');
});

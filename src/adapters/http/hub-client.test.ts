import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readTokenFile } from './hub-client.ts';

const dir = mkdtempSync(join(tmpdir(), 'slipway-token-'));
afterAll(() => rmSync(dir, { recursive: true }));

it.each<[string, string, RegExp | undefined]>([
  ['a token', 'slipway_1_abc\n', undefined],
  ['nothing', '\n', /holds no token/],
  ['a key by mistake', '-----BEGIN PRIVATE KEY-----\nAAAA\n', /holds no token/],
  ['all that was printed', 'Token of ada:\n\n  slipway_1_abc\n', /holds no token/],
])('a file with %s', (_what, text, refused) => {
  const path = join(dir, 'token');
  writeFileSync(path, text);
  if (refused) expect(() => readTokenFile(path)).toThrow(refused);
  else expect(readTokenFile(path)).toBe('slipway_1_abc');
});

it('a file that is not there', () => {
  expect(() => readTokenFile(join(dir, 'none'))).toThrow(/cannot be read: ENOENT/);
});

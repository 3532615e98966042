import { expect, test } from 'vitest';
import { escapeName, normaliseName } from './names.ts';

test.each([
  ['undionly.kpxe', 'undionly.kpxe'],
  ['/undionly.kpxe', 'undionly.kpxe'],
  ['//boot//undionly.kpxe', 'boot/undionly.kpxe'],
  ['\\Boot\\x64\\undionly.kpxe', 'boot/x64/undionly.kpxe'],
  ['C:\\undionly.kpxe', 'undionly.kpxe'],
  ['UNDIONLY.KPXE', 'undionly.kpxe'],
  ['undionly.kpxe\xff', 'undionly.kpxe'],
  ['undionly.kpxe\xff\x80\xfe', 'undionly.kpxe'],
  ['gr\xfcn', 'gr\xfcn'],
  ['../../etc/passwd', '../../etc/passwd'],
  ['', ''],
  ['\xff', ''],
])('%j is looked up as %j', (raw, name) => {
  expect(normaliseName(raw)).toBe(name);
});

test.each([
  ['plain.efi', 'plain.efi'],
  ['a\nb\x1b[31m\xff', 'a\\x0ab\\x1b[31m\\xff'],
  ['back\\slash', 'back\\x5cslash'],
])('%j is shown as %s', (raw, shown) => {
  expect(escapeName(raw)).toBe(shown);
});

test('a long name is cut', () => {
  expect(escapeName('x'.repeat(5_000))).toBe(`${'x'.repeat(128)}…`);
});

import { expect, test } from 'vitest';
import { parseField, unknownToApt } from './debian-archive.ts';

test('a field of a package’s record', () => {
  const text = 'Package: linux-image-6.1.0-56-cloud-amd64\nVersion: 6.1.192-2\nInstalled-Size: 108000\n';
  expect(parseField(text, 'Version')).toBe('6.1.192-2');
  expect(parseField(text, 'Size')).toBeUndefined();
});

test('a package that apt does not know is named with the command to type', () => {
  expect(unknownToApt('cloud-init')).toMatchObject({
    code: 'lab-failed',
    message: 'apt does not know the package cloud-init. Type: sudo apt-get update',
  });
});

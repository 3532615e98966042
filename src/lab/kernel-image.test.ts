import { describe, expect, test } from 'vitest';
import { parseKernelDependency } from './kernel-image.ts';

describe('what apt says about the kernel', () => {
  test('the real package behind the meta package', () => {
    const text = 'linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n';
    expect(parseKernelDependency(text)).toBe('linux-image-6.1.0-56-cloud-amd64');
  });

  test('nothing, if apt does not know it', () => {
    expect(parseKernelDependency('')).toBeUndefined();
    expect(parseKernelDependency('linux-image-cloud-amd64\n  Depends: <linux-image-virtual>\n')).toBeUndefined();
  });
});

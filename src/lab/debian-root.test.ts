import { describe, expect, test } from 'vitest';
import { mmdebstrapArgv, parseAptProxies } from './debian-root.ts';

const build = { isRoot: true, proxies: [], modules: '/staging/lib/modules', output: '/a b/out' };

describe('the Debian root', () => {
  test('takes the proxies of this machine along, and nothing else of its apt', () => {
    const text = [
      'Acquire "";',
      'Acquire::http::Proxy "http://10.0.0.9:3142";',
      'Acquire::https::Proxy::deb.example.com "DIRECT";',
      'Acquire::Languages "none";',
    ].join('\n');
    expect(parseAptProxies(text)).toEqual([
      'Acquire::http::Proxy "http://10.0.0.9:3142";',
      'Acquire::https::Proxy::deb.example.com "DIRECT";',
    ]);
  });

  test('is built without root in a user namespace', () => {
    expect(mmdebstrapArgv({ ...build, isRoot: false })).toContain('--mode=unshare');
    expect(mmdebstrapArgv(build)).toContain('--mode=root');
  });

  test('is downloaded after it was packed', () => {
    const hooks = mmdebstrapArgv(build).filter((arg) => arg.startsWith('--customize-hook='));
    expect(hooks.at(-1)).toBe("--customize-hook=download /root.cpio.zst '/a b/out'");
    expect(hooks.at(-2)).toContain('cpio --null --create --format=newc');
  });
});

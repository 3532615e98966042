import { expect, test } from 'vitest';
import { parseHubConfig, placeOf } from './config.ts';

test('a hub needs its name and where sites find it; the rest has a default', () => {
  const read = parseHubConfig('hub: head-office\nlink: { url: "https://hub.example.com:8443" }\n', 'hub.yaml');
  expect(read).toMatchObject({
    ok: true,
    value: {
      dataDir: '/var/lib/slipway-hub',
      runtimeDir: '/run/slipway-hub',
      link: { listen: '0.0.0.0:8443', hosts: [] },
      admin: { listen: '127.0.0.1:8440', names: [] },
      releaseKeys: [],
    },
  });
});

test.each([
  ['a URL without TLS', 'hub: a\nlink:\n  url: http://hub:1\n', 'hub.yaml:3:8 link.url'],
  ['a port too large', 'hub: a\nlink:\n  url: https://hub:1\n  listen: 0.0.0.0:70000\n', 'hub.yaml:4:11 link.listen'],
  ['an unknown key', 'hub: a\nlink: { url: "https://hub:1" }\nlisten: 1\n', 'hub.yaml:3:1'],
])('%s is named with line and column', (_name, text, where) => {
  const read = parseHubConfig(text, 'hub.yaml');
  expect(read.ok || read.error.code).toBe('config-invalid');
  expect(read.ok || read.error.message).toContain(where);
});

test('an address with its port, IPv6 in square brackets', () => {
  expect(placeOf('[::1]:8443')).toEqual({ address: '::1', port: 8443 });
  expect(placeOf('0.0.0.0:8443')).toEqual({ address: '0.0.0.0', port: 8443 });
});

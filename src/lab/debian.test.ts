import { describe, expect, test } from 'vitest';
import { howToInstall, missingPackages, packagesFor, parseInstalled, servicePolicy } from './debian.ts';

describe('Debian packages', () => {
  test('only fully installed ones count', () => {
    const text = 'installed ipxe\nconfig-files ovmf\nhalf-configured zstd\ninstalled cpio\n';
    expect(missingPackages(['cpio', 'ipxe', 'ovmf', 'zstd', 'kmod'], parseInstalled(text))).toEqual([
      'ovmf',
      'zstd',
      'kmod',
    ]);
  });

  test('a package of two sets is named once', () => {
    const names = packagesFor('boot', 'cloud', 'wire');
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toContain('iproute2');
  });

  test('servers that would take our ports are never installed', () => {
    for (const server of ['tftpd-hpa', 'atftpd', 'dnsmasq', 'isc-dhcp-server']) {
      expect(packagesFor('boot', 'cloud', 'wire')).not.toContain(server);
    }
  });

  test('the sentence for a person ends in one command', () => {
    expect(howToInstall(['ipxe', 'ovmf'])).toMatch(
      /Type: sudo apt-get update && sudo apt-get install -y --no-install-recommends ipxe ovmf$/,
    );
  });

  test('the policy against services is a script that ends with its maker', () => {
    expect(servicePolicy(4711)).toMatch(/^#!\/bin\/sh\n.*\nkill -0 4711 2>\/dev\/null && exit 101\nexit 0\n$/);
  });
});

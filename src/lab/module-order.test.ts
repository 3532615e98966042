import { describe, expect, test } from 'vitest';
import { loadOrder, moduleName, parseModuleDependencies } from './module-order.ts';

const depmod = [
  'kernel/virtio/virtio.ko:',
  'kernel/virtio/virtio_ring.ko: kernel/virtio/virtio.ko',
  'kernel/net/net_failover.ko: kernel/net/failover.ko',
  'kernel/net/failover.ko:',
  'kernel/net/virtio_net.ko: kernel/net/net_failover.ko kernel/net/failover.ko kernel/virtio/virtio_ring.ko',
  'kernel/char/virtio-rng.ko: kernel/virtio/virtio_ring.ko',
  '',
].join('\n');

describe('the order in which modules are loaded', () => {
  const dependencies = parseModuleDependencies(depmod);

  test('what a module needs comes before it, and nothing twice', () => {
    expect(loadOrder(['virtio_net', 'virtio_rng'], dependencies).map(moduleName)).toEqual([
      'failover',
      'net_failover',
      'virtio',
      'virtio_ring',
      'virtio_net',
      'virtio_rng',
    ]);
  });

  test('a module that this kernel has built in is left out', () => {
    expect(loadOrder(['af_packet'], dependencies)).toEqual([]);
  });

  test('the name of a compressed module', () => {
    expect(moduleName('kernel/drivers/char/hw_random/virtio-rng.ko.xz')).toBe('virtio_rng');
  });
});

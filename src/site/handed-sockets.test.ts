import { describe, expect, it } from 'vitest';
import { TestUdp } from '../../test/packets/ports.ts';
import type { NodeUdpPort } from '../adapters/node/udp.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { UdpSocket } from '../kernel/udp.ts';
import { dhcpSockets, listenAt, withHanded } from './handed-sockets.ts';

const [a, b] = ['10.0.0.1' as Ipv4, '10.1.0.1' as Ipv4];
const handlers = { onDatagram: () => undefined, onSendError: () => undefined };

/** Says which sockets were opened, and which descriptors taken over. */
function createUdp(): NodeUdpPort & { readonly adopted: number[]; readonly opened: Ipv4[] } {
  const [adopted, opened] = [[] as number[], [] as Ipv4[]];
  const memory = new TestUdp();
  const opening = (local: Parameters<NodeUdpPort['open']>[0]): Promise<UdpSocket> => memory.open(local, handlers);
  return {
    ...{ adopted, opened },
    open: (local) => {
      opened.push(local.address);
      return opening(local);
    },
    adopt: (fd) => {
      adopted.push(fd);
      return opening({ address: a, port: 69 });
    },
  };
}

describe('the sockets of DHCP', () => {
  it('belong to the network of their name, or to the only one', () => {
    const networks = (passed: string[], wanted: string[]) =>
      dhcpSockets(
        passed.map((name, i) => ({ name, fd: 3 + i })),
        wanted,
        createUdp(),
      ).map(({ network }) => network);
    expect(networks(['dhcp', 'tftp'], ['nodes'])).toEqual(['nodes']);
    expect(networks(['dhcp-cameras', 'dhcp-nodes'], ['nodes', 'cameras'])).toEqual(['nodes', 'cameras']);
    expect(networks(['dhcp'], ['nodes', 'cameras'])).toEqual([]);
  });
});

describe('a port with passed sockets', () => {
  it('is opened on every address where none is passed, and on no further one where one is', () => {
    expect(listenAt([a, b], [{ name: 'dhcp', fd: 3 }], 'tftp')).toEqual([a, b]);
    expect(listenAt([a, b], [{ name: 'tftp', fd: 4 }], 'tftp')).toEqual([a]);
  });

  it('takes the passed one for its own port only, and only once', async () => {
    const udp = createUdp();
    const port = withHanded(udp, [{ name: 'tftp', fd: 4 }], 'tftp', 69);
    await port.open({ address: a, port: 0 }, handlers);
    await port.open({ address: a, port: 69 }, handlers);
    await port.open({ address: b, port: 69 }, handlers);
    expect([udp.adopted, udp.opened]).toEqual([[4], [a, b]]);
  });
});

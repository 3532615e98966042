import type { PassedSocket } from '../adapters/node/systemd-sockets.ts';
import type { NodeUdpPort } from '../adapters/node/udp.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { UdpPort } from '../kernel/udp.ts';
import { ownAddresses, type SiteAddress } from '../model/site-ports.ts';
import type { SiteConfig } from './config.ts';
import type { HandedSocket } from './dhcp/server.ts';

/**
 * The sockets of `systemd/*.socket`, by the names that the units give them: `dhcp` (or `dhcp-NETWORK` where a site
 * serves several), `tftp` and `http`. Whatever is missing the site opens itself.
 */
export function dhcpSockets(
  passed: readonly PassedSocket[],
  networks: readonly string[],
  udp: NodeUdpPort,
): readonly HandedSocket[] {
  return networks.flatMap((network) => {
    const own = passed.find(({ name }) => name === `dhcp-${network}`);
    const only = networks.length === 1 ? passed.find(({ name }) => name === 'dhcp') : undefined;
    const socket = own ?? only;
    if (!socket) return [];
    return [
      { network, attach: (handlers) => udp.adopt(socket.fd, handlers, { broadcast: true }) } satisfies HandedSocket,
    ];
  });
}

/**
 * The addresses to open a port on: all of them, or as many as there are passed sockets. One on 0.0.0.0 hears them all, and
 * a site that systemd opens sockets for may have no right to open another.
 */
export function listenAt(addresses: readonly Ipv4[], passed: readonly PassedSocket[], name: string): readonly Ipv4[] {
  const handed = passed.filter((socket) => socket.name === name).length;
  return handed === 0 ? addresses : addresses.slice(0, handed);
}

/** Where TFTP is served: at the site's own addresses, or at what systemd opened. */
export function tftpSettings({ ports }: SiteConfig, sites: readonly SiteAddress[], passed: readonly PassedSocket[]) {
  const own = ownAddresses(sites).map(({ address }) => address);
  return { addresses: listenAt(own, passed, 'tftp'), port: ports.tftp };
}

/** A port that answers the first request for `port` with the passed socket `name`, if there is one. */
export function withHanded(udp: NodeUdpPort, passed: readonly PassedSocket[], name: string, port: number): UdpPort {
  let left = passed.filter((socket) => socket.name === name);
  return {
    open: (local, handlers, options = {}) => {
      const [socket, ...rest] = left;
      if (!socket || local.port !== port) return udp.open(local, handlers, options);
      left = rest;
      return udp.adopt(socket.fd, handlers, options);
    },
  };
}

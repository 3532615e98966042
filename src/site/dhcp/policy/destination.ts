import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { LIMITED_BROADCAST, UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { messageTypeOf } from '../codec/options.ts';

export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;
/** Where PXE clients ask a boot server that is not their DHCP server (PXE 2.1 section 2.2.3). */
export const BOOT_SERVER_PORT = 4011;

/** Where a reply goes. */
export type Destination = { readonly address: Ipv4; readonly port: number };

/**
 * The ladder of RFC 2131 section 4.1. Its last rung, unicast to an address that the client does not answer ARP for yet,
 * is left out: user space cannot do that without raw sockets, and every client listens to broadcasts until it has its
 * address. Unicast to ciaddr only where that is the address we speak of: what else stands there may be anybody's.
 */
export function destinationOf(request: DhcpMessage, reply: DhcpMessage): Destination {
  const { giaddr, ciaddr } = request;
  if (giaddr !== UNSPECIFIED) return { address: giaddr, port: SERVER_PORT };
  const type = messageTypeOf(reply);
  // An ACK without an address answers INFORM, of which ciaddr was looked at.
  const isItsOwn =
    ciaddr !== UNSPECIFIED && (reply.yiaddr === ciaddr || (reply.yiaddr === UNSPECIFIED && type === 'ack'));
  // A refused client may have the wrong address in ciaddr: only a broadcast is sure to reach it.
  if (isItsOwn && type !== 'nak') return { address: ciaddr, port: CLIENT_PORT };
  return { address: LIMITED_BROADCAST, port: CLIENT_PORT };
}

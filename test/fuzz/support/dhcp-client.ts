import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Ipv4 } from '../../../src/kernel/ipv4.ts';
import { macFromBytes } from '../../../src/kernel/mac.ts';
import { decodeMessage, encodeMessage } from '../../../src/site/dhcp/codec/message.ts';
import { type MessageType, messageTypeOf, messageTypeOption, option } from '../../../src/site/dhcp/codec/options.ts';
import type { RawOption } from '../../../src/site/dhcp/codec/raw-options.ts';
import { readRequest } from '../../packets/hex.ts';
import { HONEST, SITE_ADDRESS } from './besieged-site.ts';

const GIADDR = 24;
const CHADDR = 28;

/** A recorded message with another hardware address, as if a relay at `giaddr` had passed it on. */
export function relayed(name: string, mac: string, giaddr: string = HONEST): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(readRequest(name));
  bytes.set(giaddr.split('.').map(Number), GIADDR);
  bytes.set(
    mac.split(':').map((pair) => Number.parseInt(pair, 16)),
    CHADDR,
  );
  return bytes;
}

export type Forgery = {
  readonly mac: string;
  readonly type: MessageType;
  /** The recorded message whose other options it has. */
  readonly base?: string;
  readonly giaddr?: string;
  readonly ciaddr?: string;
  readonly requested?: string;
  /** Instead of what the recorded message has of these. */
  readonly more?: readonly RawOption[];
};

/** A recorded message made into another one. */
export function forged({
  mac,
  type,
  base = 'dhclient-renew',
  giaddr,
  ciaddr = '0.0.0.0',
  requested,
  more = [],
}: Forgery) {
  const decoded = decodeMessage(relayed(base, mac, giaddr));
  if (!decoded.ok) throw new Error(decoded.error.sentence);
  const replaced = [50, 53, 54, ...more.map(({ code }) => code)];
  const others = decoded.value.options.filter(({ code }) => !replaced.includes(code));
  const options = [
    messageTypeOption(type),
    option('serverId', SITE_ADDRESS as Ipv4),
    ...(requested ? [option('requestedAddress', requested as Ipv4)] : []),
    ...others,
    ...more,
  ];
  const encoded = encodeMessage({ ...decoded.value, ciaddr: ciaddr as Ipv4, options });
  if (!encoded.ok) throw new Error(encoded.error.sentence);
  return encoded.value;
}

/** A socket on port 67 of an address, where the site's answers to a relay arrive. */
export async function openRelay(address: string = HONEST): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.bind(67, address);
  await once(socket, 'listening');
  return socket;
}

const HONEST_MAC = '52:54:00:66:0f:01';

/**
 * A DISCOVER of an honest client, repeated once a second; gives the type of the first reply to it. Answers to what an
 * attacker sent in the name of the same relay may still arrive, and are those of others.
 */
export async function askByRelay(withinMs: number): Promise<string | undefined> {
  const socket = await openRelay();
  const discover = relayed('udhcpc-discover', HONEST_MAC);
  const send = () => socket.send(discover, 67, SITE_ADDRESS);
  const repeat = setInterval(send, 1_000);
  send();
  const signal = AbortSignal.timeout(withinMs);
  try {
    for (;;) {
      const [reply] = (await once(socket, 'message', { signal })) as [Uint8Array];
      const decoded = decodeMessage(reply);
      if (!decoded.ok) return undefined;
      if (macFromBytes(decoded.value.chaddr.subarray(0, 6)) === HONEST_MAC) return messageTypeOf(decoded.value);
    }
  } finally {
    clearInterval(repeat);
    socket.close();
  }
}

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { type BootPlace, placeOfAck } from './choose-offer.ts';
import { clientPacket, readAnswer, TYPES } from './dhcp-packet.ts';
import { askUntil, type DhcpWorld, type Lease, optionsOf } from './dora.ts';
import { JourneyEnd, type Stopwatch } from './journey.ts';
import type { SimKind } from './kinds.ts';

const PXE_PORT = 4011;
/** EDK2: four tries, a second each. */
const WAITS = [1_000, 1_000, 1_000, 1_000];

/** Asks a boot server on port 4011 where the loader is, from the same port, as EDK2 does. */
export async function askBootServer(
  kind: SimKind,
  { server, lease }: { readonly server: string; readonly lease: { readonly address: Ipv4 } },
  world: DhcpWorld,
  watch: Stopwatch,
): Promise<BootPlace> {
  const xid = Math.floor(world.random() * 2 ** 32);
  const { mac } = world;
  const packet = clientPacket({ type: TYPES.request, xid, mac, ciaddr: lease.address, options: optionsOf(kind, mac) });
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  try {
    socket.on('error', () => undefined);
    socket.bind(PXE_PORT, lease.address);
    await once(socket, 'listening');
    const place = await askUntil<BootPlace | 'nothing'>(WAITS, world, watch, (hear) => {
      socket.on('message', (bytes) => {
        const answer = readAnswer(bytes);
        if (answer?.xid === xid && answer.type === TYPES.ack) hear(placeOfAck(answer) ?? 'nothing');
      });
      socket.send(packet, PXE_PORT, server, () => undefined);
    });
    if (place === undefined) throw new JourneyEnd(`PXE: ${server} does not answer on port ${PXE_PORT}`);
    if (place === 'nothing') throw new JourneyEnd(`PXE: ${server} names no boot file on port ${PXE_PORT}`);
    return place;
  } finally {
    socket.close();
  }
}

/** Gives an address back. Nobody answers to that. */
export async function release({ address, server }: Lease, { mac, random }: DhcpWorld): Promise<void> {
  const xid = Math.floor(random() * 2 ** 32);
  const packet = clientPacket({
    ...{ type: TYPES.release, xid, mac, ciaddr: address },
    options: [[54, Uint8Array.from(server.split('.'), Number)]],
  });
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.on('error', () => undefined);
  socket.bind(68, address);
  await once(socket, 'listening');
  await new Promise<void>((resolve) => socket.send(packet, 67, server, () => resolve()));
  socket.close();
}

import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { UdpPort } from '../../kernel/udp.ts';
import type { NeighbourTable } from '../../model/site-ports.ts';

/** RFC 863, discard: whoever is there ignores it, or says that the port is closed. */
const DISCARD_PORT = 9;
/** An answer to ARP takes some 30 ms on a busy wire; the kernel itself asks a second time after one second. */
const LOOKS_AFTER_MS = [300, 1_200];

export type AskNeighbourParts = {
  readonly udp: UdpPort;
  readonly clock: Clock;
  readonly neighbours: NeighbourTable;
  /** The address of the site on that wire. */
  readonly from: Ipv4;
};

/**
 * Whose card is at an address of our wire. The kernel knows whom it spoke to: so it is made to speak, once. Takes 1.5 s
 * where nobody is. Rejects with an AppError if nothing can be sent, or if the table cannot be read.
 */
export async function askNeighbour(parts: AskNeighbourParts, address: Ipv4): Promise<MacAddress | undefined> {
  const { udp, clock, neighbours, from } = parts;
  const socket = await udp.open(
    { address: from, port: 0 },
    { onDatagram: () => undefined, onSendError: () => undefined },
  );
  try {
    socket.send(new Uint8Array(1), { address, port: DISCARD_PORT });
    for (const ms of LOOKS_AFTER_MS) {
      await new Promise<void>((resolve) => clock.after(ms, resolve));
      const entry = (await neighbours.entries()).get(address);
      if (entry?.complete) return entry.mac;
    }
    return undefined;
  } finally {
    await socket.close();
  }
}

import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { Neighbours, NeighbourTable } from '../model/site-ports.ts';

type Table = Awaited<ReturnType<NeighbourTable['entries']>>;

/** A machine keeps its address for longer; and a file on its way is told of a hundred times. */
const FRESH_MS = 1_000;

/** Who stands at an address where no lease tells it, by a table that is read once a second at most. */
export function createNeighbourhood({
  arp,
  clock,
  log,
}: {
  readonly arp: NeighbourTable;
  readonly clock: Clock;
  readonly log: Log;
}): Neighbours {
  let last: Table = new Map();
  let reading: Promise<Table> | undefined;
  let readAt: number | undefined;

  const read = (): Promise<Table> => {
    const isFresh = readAt !== undefined && clock.monotonic() - readAt < FRESH_MS;
    if (reading && isFresh) return reading;
    readAt = clock.monotonic();
    reading = arp.entries().then(
      (table) => {
        last = table;
        return table;
      },
      (error: unknown) => {
        log.warn({ error }, 'the neighbour table cannot be read: machines without a lease of ours are not known again');
        return last;
      },
    );
    return reading;
  };
  const byCard = new WeakMap<Table, Map<MacAddress, Ipv4[]>>();
  const cardsOf = (table: Table): Map<MacAddress, Ipv4[]> => {
    const known = byCard.get(table);
    if (known) return known;
    const cards = new Map<MacAddress, Ipv4[]>();
    for (const [address, { mac, complete }] of table)
      if (complete) cards.set(mac, [...(cards.get(mac) ?? []), address]);
    byCard.set(table, cards);
    return cards;
  };
  const macIn = (table: Table, address: Ipv4): MacAddress | undefined => {
    const entry = table.get(address);
    return entry?.complete ? entry.mac : undefined;
  };

  return {
    find: async (address) => macIn(await read(), address),
    lastKnown: (address) => {
      void read();
      return macIn(last, address);
    },
    addressesOf: (mac) => {
      void read();
      return cardsOf(last).get(mac) ?? [];
    },
  };
}

import type { Endpoint } from '../../kernel/udp.ts';
import { chaddrOf, giaddrOf, isDiscover, xidOf } from './codec/peek.ts';
import type { Counters } from './counters.ts';
import type { Door } from './desk.ts';

/**
 * Who waited so long for an offer asks again: EDK2 and PXE ROMs after 4 s, and a DISCOVER that is dropped costs them that
 * time once more, and the next one twice of it. iPXE repeats sooner, which changes nothing for what waits.
 */
const LATE_MS = 3_500;
/** All machines of a store at once. Beyond that the newest is dropped: an answer to it would come too late for all. */
const MAX_CLIENTS = 1_024;
/** So many are answered before the sockets are read again: what is promised there already comes first. */
const AT_ONCE = 8;

type Arrived = {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
  readonly door: Door;
  readonly xid: number;
  readonly giaddr: number;
  readonly at: number;
};

export type IntakeParts = {
  readonly monotonic: () => number;
  /** Runs something when what has arrived meanwhile was read from the sockets. */
  readonly soon: (run: () => void) => void;
  readonly serve: (bytes: Uint8Array, from: Endpoint, door: Door) => void;
  readonly counters: Counters;
};

/**
 * The order in which datagrams are served. A DISCOVER waits until the sockets were read: all else is served at once, so
 * that a site with more to do than it can ends the exchanges that it began, instead of beginning others. What one
 * hardware address sends is served in the order in which it came.
 */
export class Intake {
  readonly #parts: IntakeParts;
  /** DISCOVERs by hardware address; who came first stands first. */
  readonly #waiting = new Map<string, Arrived[]>();
  #isDue = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  receive(bytes: Uint8Array, from: Endpoint, door: Door): void {
    if (isDiscover(bytes)) {
      const asks = { xid: xidOf(bytes), giaddr: giaddrOf(bytes) };
      this.#keep(chaddrOf(bytes), { bytes, from, door, ...asks, at: this.#parts.monotonic() });
      return;
    }
    if (this.#waiting.size > 0) this.#serveAll(chaddrOf(bytes));
    this.#parts.serve(bytes, from, door);
  }

  #keep(chaddr: string, arrived: Arrived): void {
    const { counters } = this.#parts;
    const before = this.#waiting.get(chaddr);
    // One on each of two sockets, or sent again: both would be answered alike. What a relay brings of it is answered to the relay.
    if (before?.some(({ xid, giaddr }) => xid === arrived.xid && giaddr === arrived.giaddr))
      counters.add('dropped.repeated');
    else if (before) before.push(arrived);
    else if (this.#waiting.size >= MAX_CLIENTS) counters.add('dropped.busy');
    else this.#waiting.set(chaddr, [arrived]);
    this.#wake();
  }

  #wake(): void {
    if (this.#isDue || this.#waiting.size === 0) return;
    this.#isDue = true;
    this.#parts.soon(() => {
      this.#isDue = false;
      this.#serveSome();
      this.#wake();
    });
  }

  #serveSome(): void {
    let left = AT_ONCE;
    for (const chaddr of this.#waiting.keys()) {
      left -= this.#serveAll(chaddr);
      if (left <= 0) return;
    }
  }

  /** Serves what waits of one hardware address, and says how many answers that may have taken. */
  #serveAll(chaddr: string): number {
    const arrived = this.#waiting.get(chaddr);
    if (!arrived) return 0;
    this.#waiting.delete(chaddr);
    const since = this.#parts.monotonic() - LATE_MS;
    const inTime = arrived.filter(({ at }) => at >= since);
    for (const { bytes, from, door } of inTime) this.#parts.serve(bytes, from, door);
    for (let late = inTime.length; late < arrived.length; late++) this.#parts.counters.add('dropped.late');
    return inTime.length;
  }
}

import { describe, expect, it } from 'vitest';
import { message, SPEAKS } from '../../../test/packets/bench.ts';
import { type Ipv4, UNSPECIFIED } from '../../kernel/ipv4.ts';
import type { DhcpMessage } from './codec/message.ts';
import { decodeMessage, encodeMessage } from './codec/message.ts';
import { messageTypeOf } from './codec/options.ts';
import { Counters } from './counters.ts';
import { Intake } from './intake.ts';

const door = { network: 'nodes', kind: 'dhcp' } as const;
const from = { address: UNSPECIFIED, port: 68 };

/** Who was served, such as `discover 2 #1`: message, last byte of the hardware address, number of the exchange. */
function setUp() {
  const world = { time: 0 };
  const served: string[] = [];
  const turns: (() => void)[] = [];
  const counters = new Counters();
  const intake = new Intake({
    monotonic: () => world.time,
    soon: (run) => turns.push(run),
    serve: (bytes) => served.push(told(bytes)),
    counters,
  });
  const hear = (type: 'discover' | 'request' | 'release', host: number, xid = 1, giaddr = UNSPECIFIED) => {
    const chaddr = Uint8Array.of(2, 0, 0, 0, host >> 8, host & 255, ...new Array<number>(10).fill(0));
    const bytes = encodeMessage({ ...(message(type, SPEAKS.bios) satisfies DhcpMessage), chaddr, xid, giaddr });
    if (bytes.ok) intake.receive(bytes.value, from, door);
  };
  /** The sockets were read. */
  const turn = () => {
    for (const run of turns.splice(0)) run();
  };
  return { world, served, turns, counters, intake, hear, turn };
}

function told(bytes: Uint8Array): string {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) return decoded.error.reason;
  const { chaddr, xid } = decoded.value;
  return `${messageTypeOf(decoded.value)} ${(chaddr[4] ?? 0) * 256 + (chaddr[5] ?? 0)} #${xid}`;
}

describe('the order of serving', () => {
  it('what was promised before what is only asked for', () => {
    const { hear, turn, served } = setUp();
    hear('discover', 1);
    hear('discover', 2);
    hear('request', 3);
    hear('release', 4);
    expect(served).toEqual(['request 3 #1', 'release 4 #1']);
    turn();
    expect(served.slice(2)).toEqual(['discover 1 #1', 'discover 2 #1']);
  });

  it('that of its own messages for each client, whatever exchange they belong to', () => {
    const { hear, turn, served } = setUp();
    hear('discover', 1, 7);
    hear('discover', 2, 7);
    hear('discover', 1, 8);
    hear('request', 1, 7);
    expect(served).toEqual(['discover 1 #7', 'discover 1 #8', 'request 1 #7']);
    turn();
    expect(served.slice(3)).toEqual(['discover 2 #7']);
  });

  it('a few DISCOVERs a turn, so that the sockets are read between them', () => {
    const { hear, turn, turns, served } = setUp();
    for (let host = 0; host < 20; host++) hear('discover', host);
    expect(turns.length).toBe(1);
    const counts = [1, 2, 3].map(() => {
      turn();
      return served.length;
    });
    expect([counts, turns.length]).toEqual([[8, 16, 20], 0]);
    expect(served.at(-1)).toBe('discover 19 #1');
  });
});

describe('what is not worth an answer any more', () => {
  it('a DISCOVER that came again while the first one waits', () => {
    const { hear, turn, served, counters } = setUp();
    hear('discover', 1);
    hear('discover', 1);
    turn();
    expect(served).toEqual(['discover 1 #1']);
    hear('discover', 1);
    turn();
    expect([served.length, counters.snapshot()]).toEqual([2, { 'dropped.repeated': 1 }]);
  });

  it('but not what relays bring of a DISCOVER that waits: each of them is answered', () => {
    const { hear, turn, served, counters } = setUp();
    for (const giaddr of [UNSPECIFIED, '10.8.0.1', '10.9.0.1', '10.8.0.1']) hear('discover', 1, 1, giaddr as Ipv4);
    turn();
    expect(served).toEqual(['discover 1 #1', 'discover 1 #1', 'discover 1 #1']);
    expect(counters.snapshot()).toEqual({ 'dropped.repeated': 1 });
  });

  it('a DISCOVER that waited until firmware asks again', () => {
    const { hear, turn, turns, served, counters, world } = setUp();
    hear('discover', 1);
    world.time = 3_500;
    hear('discover', 2);
    world.time = 3_501;
    turn();
    expect([served, counters.snapshot()]).toEqual([['discover 2 #1'], { 'dropped.late': 1 }]);
    expect(turns.length).toBe(0);
  });

  it('the newest DISCOVERs where a thousand wait: requests are served all the same', () => {
    const { hear, turn, turns, served, counters } = setUp();
    for (let host = 0; host < 1_100; host++) hear('discover', host);
    hear('request', 2_000);
    expect(served).toEqual(['request 2000 #1']);
    while (turns.length > 0) turn();
    expect([served.length, served.at(-1)]).toEqual([1_025, 'discover 1023 #1']);
    expect(counters.snapshot()).toEqual({ 'dropped.busy': 76 });
  });
});

describe('what is no DISCOVER', () => {
  it('goes on at once, however short or broken it is', () => {
    const { intake, served, turns } = setUp();
    const discover = encodeMessage(message('discover', SPEAKS.bios));
    if (!discover.ok) throw new Error(discover.error.sentence);
    const [cut, typeless] = [discover.value.slice(0, 242), discover.value.slice()];
    typeless.fill(0, 240);
    for (const bytes of [new Uint8Array(), cut, typeless]) intake.receive(bytes, from, door);
    expect([served.length, turns.length]).toEqual([3, 0]);
  });
});

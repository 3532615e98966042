import { describe, expect, it } from 'vitest';
import { SampleNeighbours, sampleRevision } from '../../../test/support/sample-site.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import { TEMPLATE_SURROUNDINGS } from '../../model/dhcp-role.ts';
import type { Signal } from '../../model/signal.ts';
import { createState } from '../../model/state.ts';
import type { Source } from './policy/source.ts';
import { Teller } from './teller.ts';

const MAC = '52:54:00:00:00:01' as MacAddress;
const ADDRESS = '10.0.0.11' as Ipv4;
const source: Source = { address: ADDRESS, mac: MAC, boot: 'b1' };

function setUp(record: (signal: Signal) => Promise<void> = async () => undefined) {
  const observed: Signal[] = [];
  const recorded: Signal[] = [];
  const neighbours = new SampleNeighbours();
  neighbours.set(ADDRESS, MAC);
  const teller = new Teller({
    store: { state: createState() },
    revisions: { current: () => sampleRevision() },
    arp: neighbours,
    surroundings: TEMPLATE_SURROUNDINGS,
    neighbours: { lastKnown: () => undefined },
    addresses: () => [],
    clock: { now: () => 5_000, monotonic: () => 0, after: () => () => undefined },
    signals: {
      observe: (signal) => observed.push(signal),
      record: (signal) => {
        recorded.push(signal);
        return record(signal);
      },
    },
  });
  return { teller, observed, recorded, neighbours };
}

const line = (text: string) => ({ kind: 'system-log', line: text, level: 3 }) as const;
const running = { kind: 'talos-event', what: 'running', stage: 'running', failed: false } as const;

describe('what booted systems tell', () => {
  it('is handed on with machine and time, each thing once and twenty at most', async () => {
    const { teller, observed } = setUp();
    await teller.tell(source, line('disk failed, sector 1'));
    await teller.tell(source, line('disk failed, sector 2'));
    expect(observed).toEqual([
      { kind: 'system-log', line: 'disk failed, sector 1', level: 3, at: 5_000, mac: source.mac },
    ]);
    for (const letter of 'abcdefghijklmnopqrstuvwxyz') await teller.tell(source, line(letter));
    expect(observed).toHaveLength(20);
    await teller.tell({ ...source, boot: 'b2' }, line('a'));
    expect(observed).toHaveLength(21);
    expect(teller.counters()).toMatchObject({ told: 21 });
  });

  it('is on disk if it says that the machine runs, as often as it says so', async () => {
    const { teller, recorded, observed } = setUp();
    await teller.tell(source, running);
    await teller.tell(source, running);
    expect([recorded.length, observed.length]).toEqual([2, 0]);
    const full = setUp(() => Promise.reject(new AppError('disk-full', 'no room')));
    await expect(full.teller.tell(source, running)).rejects.toMatchObject({ code: 'disk-full' });
  });

  it('is not believed that it runs if the wire shows another machine at its address, or none', async () => {
    const { teller, recorded, neighbours } = setUp();
    neighbours.set(ADDRESS, '52:54:00:00:00:99' as MacAddress);
    await teller.tell(source, running);
    neighbours.set(ADDRESS, MAC, false);
    await teller.tell(source, running);
    expect([recorded.length, teller.counters().unknown]).toEqual([0, 2]);
  });

  it('is heard only so much of one machine', () => {
    const { teller } = setUp();
    for (let i = 0; i < 5_000; i++) teller.mayHear(source);
    expect(teller.counters()).toMatchObject({ received: 5_000, dropped: 1_000 });
    expect(teller.mayHear({ ...source, mac: '52:54:00:00:00:02' as MacAddress })).toBe(true);
  });

  it('is nobody’s word without a lease', () => {
    const { teller } = setUp();
    for (const remote of ['10.0.0.9', '::ffff:10.0.0.9', 'unknown', '', undefined])
      expect(teller.sourceAt(remote)).toBeUndefined();
    expect(teller.counters()).toMatchObject({ unknown: 5 });
  });
});

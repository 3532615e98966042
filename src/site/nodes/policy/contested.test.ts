import { describe, expect, it } from 'vitest';
import { POS_MAC, POS_UUID, sampleRevision, T0 } from '../../../../test/support/sample-site.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { Network } from '../../../model/network.ts';
import type { Signal } from '../../../model/signal.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import { Memory } from './memory.ts';
import { reduce } from './reduce.ts';

const MINUTE = 60_000;
const A = POS_UUID;
const B = '4c4c4544-0042-3010-8052-b4c04f4d4e32';
const B_TURNED = '44454c4c-4200-1030-8052-b4c04f4d4e32';
const C = '4c4c4544-0042-3010-8052-b4c04f4d4e33';

type Dhcp = Extract<Signal, { kind: 'dhcp' }>;
const asks = (minute: number, uuid: string | undefined, more: Partial<Dhcp> = {}): Signal => ({
  ...{ kind: 'dhcp', at: T0 + minute * MINUTE, mac: POS_MAC, client: 'firmware', clientKind: 'uefi-x64' },
  ...{ message: 'request', ...(uuid ? { uuid } : {}), ...more },
});
const scripts = (minute: number, uuid: string): Signal => ({
  ...{ kind: 'script', at: T0 + minute * MINUTE, claim: { mac: POS_MAC, uuid }, address: '10.0.0.11' as never },
  answer: { kind: 'wait', because: 'x' },
});

/** The alarms, each signal being a batch of its own. */
function alarmsOf(signals: readonly Signal[], sharedMacs: readonly string[] = []): readonly NewEvent[] {
  const state = createState();
  const memory = new Memory();
  const base = sampleRevision();
  const nodes = { ...(base.networks['nodes'] as Network), sharedMacs };
  const revision = { ...base, networks: { nodes } };
  return signals.flatMap((signal) => {
    const { changes, events } = reduce(state, [signal], { memory, revision });
    applyChanges(state, changes);
    return events.filter(({ type }) => type === 'mac-contested');
  });
}

describe('two machines with one MAC', () => {
  it('are told of when the first comes back after the second, with what to do', () => {
    const [alarm, ...more] = alarmsOf([asks(0, A), asks(1, B), asks(2, A)]);
    expect(more).toEqual([]);
    expect(alarm).toMatchObject({ at: T0 + 2 * MINUTE, machine: 'm1', slot: 'pos-1', data: { mac: POS_MAC } });
    expect(alarm?.data).toMatchObject({ uuids: [B, A] });
    expect(alarm?.sentence).toContain('give one of them its own');
  });

  it('are told of when they ask for scripts', () => {
    expect(alarmsOf([scripts(0, A), scripts(1, B), scripts(2, A)])).toHaveLength(1);
  });

  it('are told of once in an hour', () => {
    const inTurn = Array.from({ length: 80 }, (_, minute) => asks(minute, minute % 2 ? A : B));
    expect(alarmsOf(inTurn).map(({ at }) => (at - T0) / MINUTE)).toEqual([2, 62]);
  });

  it('and a third one are told of too', () => {
    expect(alarmsOf([asks(0, A), asks(1, B), asks(2, C), asks(3, A)])).toHaveLength(1);
  });

  it('are told of again when what was told could not be written down', () => {
    const memory = new Memory();
    const given = { memory, revision: sampleRevision() };
    const batch = [asks(0, A), asks(1, B), asks(2, A)];
    for (const signal of batch.slice(0, 2)) reduce(createState(), [signal], given);
    for (let i = 0; i < 2; i++)
      expect(reduce(createState(), batch.slice(2), given).events.map(({ type }) => type)).toContain('mac-contested');
  });
});

describe('no alarm is', () => {
  it.each<[string, readonly Signal[]]>([
    ['one machine with its UUID in both byte orders', [asks(0, B), asks(1, B_TURNED), asks(2, B), asks(3, B_TURNED)]],
    [
      'firmware that says no UUID, and a loader that does',
      [asks(0, undefined), scripts(1, A), asks(2, undefined), scripts(3, A)],
    ],
    ['firmware that says another UUID than its loader', [asks(0, B), scripts(1, A), asks(2, B), scripts(3, A)]],
    ['a card that moved to another machine for good', [asks(0, A), asks(1, B), asks(2, B), asks(3, B)]],
    ['a dock that is back after a while', [asks(0, A), asks(5, B), asks(11, A)]],
    ['a UUID that whole batches share', [asks(0, A), asks(1, '03000200-0400-0500-0006-000700080009'), asks(2, A)]],
    ['a DISCOVER, which anybody can make up', [asks(0, A), asks(1, B, { message: 'discover' }), asks(2, A)]],
  ])('%s', (_what, signals) => {
    expect(alarmsOf(signals)).toEqual([]);
  });

  it('a dock that the template names', () => {
    const signals = [scripts(0, A), scripts(1, B), scripts(2, A)];
    expect([alarmsOf(signals, ['52:54:00:*']), alarmsOf(signals, ['00:50:b6:*']).length]).toEqual([[], 1]);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  POS_UUID,
  sampleRevision,
  sampleSlot,
  T0,
} from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Binding, Boot, BootStage } from '../../../model/boot.ts';
import type { ScriptAnswer, Signal } from '../../../model/signal.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import type { SiteState } from '../../../model/store.ts';
import { Memory } from './memory.ts';
import { reduce } from './reduce.ts';

/** In the order of the table: `held` after `loader`. */
const rank: readonly BootStage[] = [
  'seen',
  'loader',
  'held',
  'script',
  'kernel',
  'os',
  'configured',
  'installing',
  'done',
];
const thirdMac = '52:54:00:00:00:03' as MacAddress;

const mac = fc.constantFrom(POS_MAC, OTHER_MAC, thirdMac);
const answer = fc.constantFrom<ScriptAnswer>(
  { kind: 'live', slot: 'pos-1', profile: 'demo' },
  { kind: 'hold', code: 'ABCD' },
  { kind: 'wait', because: 'kernel 40 %' },
  { kind: 'local', because: 'over' },
  { kind: 'refuse', because: 'taken' },
);
const digest = 'a'.repeat(64) as Digest;

/** A signal without its time; `issued` is how long before it its token was made. */
const signal: fc.Arbitrary<(at: number) => Signal> = fc.oneof(
  fc
    .record({
      mac,
      client: fc.constantFrom('firmware' as const, 'ipxe' as const, 'os' as const),
      message: fc.constantFrom('discover' as const, 'request' as const),
      uuid: fc.constantFrom(POS_UUID, undefined),
    })
    .map(
      ({ uuid, ...rest }) =>
        (at: number): Signal => ({ kind: 'dhcp', at, clientKind: 'bios', ...rest, ...(uuid ? { uuid } : {}) }),
    ),
  fc.tuple(mac, answer, fc.constantFrom('X1', 'Y2', '')).map(
    ([m, a, serial]) =>
      (at: number): Signal => ({ kind: 'script', at, claim: { mac: m, serial }, address: POS_ADDRESS, answer: a }),
  ),
  mac.map(
    (m) =>
      (at: number): Signal => ({ kind: 'loader', at, mac: m, file: 'x', done: true }),
  ),
  fc.tuple(mac, fc.constantFrom(1, 2)).map(
    ([m, bytesSent]) =>
      (at: number): Signal => ({
        kind: 'asset',
        at,
        mac: m,
        digest,
        file: 'x',
        bytesSent,
        sizeBytes: 2,
        done: bytesSent === 2,
      }),
  ),
  fc.nat(3_600_000).map(
    (after) =>
      (at: number): Signal => ({ kind: 'tick', at: at + after, listeningSince: T0 }),
  ),
  fc.tuple(mac, fc.constantFrom('meta-data', 'user-data')).map(
    ([m, document]) =>
      (at: number): Signal => ({ kind: 'document', at, mac: m, document, address: POS_ADDRESS }),
  ),
  fc.tuple(mac, fc.nat(100_000)).map(
    ([m, issued]) =>
      (at: number): Signal => ({ kind: 'phone-home', at, mac: m, issuedAt: at - issued }),
  ),
  fc.tuple(mac, fc.nat(100_000)).map(
    ([m, issued]) =>
      (at: number): Signal => ({ kind: 'report', at, mac: m, issuedAt: at - issued, name: 'x', phase: 'other' }),
  ),
);

const step = fc.record({
  after: fc.nat(120_000),
  /** Now and then all of it comes twice. */
  signals: fc
    .tuple(fc.array(signal, { minLength: 1, maxLength: 4 }), fc.nat(9))
    .map(([signals, n]) => (n === 0 ? [...signals, ...signals] : signals)),
  other: fc.boolean(),
  /** The site was killed before it: what it only remembers is gone. */
  restart: fc.nat(9).map((n) => n === 0),
});

/** Two templates that take the slot from one machine and give it to another, and back. */
const revisions = [
  sampleRevision({ slots: { 'pos-1': sampleSlot({ match: [{ mac: POS_MAC }, { serial: 'X1' }] }) } }),
  sampleRevision({
    slots: {
      'pos-1': sampleSlot({ match: [{ mac: OTHER_MAC }] }),
      'pos-2': sampleSlot({ name: 'pos-2', match: [{ serial: 'Y2' }] }),
    },
  }),
];

it('whatever is seen, in whatever order, the promises about boots and bindings hold', () => {
  const counted = { enrolled: 0, superseded: 0, replaced: 0, stalled: 0 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const state = createState();
      let memory = new Memory();
      let at = T0;
      for (const { after, signals, other, restart } of steps) {
        at += after;
        if (restart) memory = new Memory();
        const before = { boots: new Map(state.boots), bindings: new Map(state.bindings) };
        const batch = signals.map((make, i) => make(at + i));
        applyChanges(state, reduce(state, batch, { memory, revision: revisions[other ? 1 : 0] }).changes);
        checkAll(state, before);
      }
      counted.enrolled += [...state.bindings.values()].filter(({ health }) => health === 'enrolled').length;
      counted.superseded += [...state.boots.values()].filter(({ outcome }) => outcome?.kind === 'superseded').length;
      counted.stalled += [...state.boots.values()].filter(({ outcome }) => outcome?.kind === 'stalled').length;
      counted.replaced += [...state.bindings.values()].filter(({ number }) => number > 1).length;
    }),
    { seed: Number(process.env['SLIPWAY_SEED'] ?? 1), numRuns: 300 },
  );
  // The walk went where the promises are.
  expect(Math.min(...Object.values(counted))).toBeGreaterThan(10);
});

function checkAll(state: SiteState, before: Pick<SiteState, 'boots' | 'bindings'>): void {
  for (const [key, boot] of state.boots) {
    checkBoot(boot, before.boots.get(key));
    checkStalls(boot);
  }
  checkBindings(state, before.bindings);
  checkMachines(state);
}

function checkBindings(state: SiteState, before: ReadonlyMap<string, Binding>): void {
  for (const [key, { machine, number, slot, health }] of before) {
    expect(state.bindings.get(key)).toMatchObject({ machine, number });
    if (health === 'enrolled') expect(state.bindings.get(key)?.health).toBe('enrolled');
    expect(state.newestBinding(slot)?.number).toBeGreaterThanOrEqual(number);
  }
  for (const { health, enrolledBy, machine, slot, number } of state.bindings.values()) {
    const proof = enrolledBy === undefined ? undefined : state.boots.get(enrolledBy);
    expect(proof !== undefined).toBe(health === 'enrolled');
    if (proof) expect(proof).toMatchObject({ machine, slot, binding: number, outcome: { kind: 'live' } });
  }
}

function checkMachines(state: SiteState): void {
  for (const { id } of state.machines.values()) {
    const open = [...state.boots.values()].filter((boot) => boot.machine === id && !boot.outcome);
    expect(open.length).toBeLessThanOrEqual(1);
    if (open[0]) expect(state.latestBoot(id)?.id).toBe(open[0].id);
  }
}

/** Every stall has a next step, and a boot that ended stalled says the one that it stood in. */
function checkStalls({ outcome, stalls = [], stage }: Boot): void {
  for (const { cause, nextStep } of stalls)
    expect([cause, nextStep]).toEqual([expect.stringMatching(/^\S/), expect.stringMatching(/^[A-Z]/)]);
  expect(new Set(stalls.map((stall) => stall.stage)).size).toBe(stalls.length);
  const open = stalls.filter(({ endedAt }) => endedAt === undefined);
  expect(open.map((stall) => stall.stage)).toEqual(open.length > 0 ? [stage] : []);
  if (outcome?.kind === 'stalled') {
    const { kind: _, ...said } = outcome;
    expect(open).toMatchObject([said]);
  } else if (outcome) expect(open).toEqual([]);
}

function checkBoot(boot: Boot, old: Boot | undefined): void {
  const times = rank.flatMap((stage) => boot.reached[stage] ?? []);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(boot.closedAt !== undefined).toBe(boot.outcome !== undefined);
  if (!old) return;
  expect(rank.indexOf(boot.stage)).toBeGreaterThanOrEqual(rank.indexOf(old.stage));
  expect(boot.openedAt).toBe(old.openedAt);
  if (old.outcome) expect(boot).toEqual(old);
}

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  leaseChange,
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  sampleLease,
  sampleProfile,
  sampleRevision,
  sampleSlot,
  T0,
} from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import { BOOT_STAGES } from '../../../model/boot.ts';
import type { Document, Profile } from '../../../model/revision.ts';
import type { Signal } from '../../../model/signal.ts';
import { applyChanges, createState, type MemoryState } from '../../../model/state.ts';
import { Memory } from './memory.ts';
import { type Reduced, reduce } from './reduce.ts';
import type { StallFacts } from './stall-facts.ts';
import { findStallRow, STALL_TABLE, STALLING_STAGES } from './stall-table.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describe('the table of stalls', () => {
  it('has a cause and a next step for every stage, whatever else is known', () => {
    const facts: fc.Arbitrary<StallFacts> = fc.record({
      firmware: fc.constantFrom('bios', 'uefi', 'unknown'),
      loader: fc.constantFrom('silent', 'runs', 'asks'),
      answers: fc.constantFrom('ignored', 'taken'),
      hops: fc.constantFrom('again', 'none'),
      spare: fc.constantFrom('shim', 'other', 'none'),
      sent: fc.constantFrom('part', 'all', 'unknown'),
      profile: fc.constantFrom('live', 'install', 'unknown'),
      configuration: fc.constantFrom('user-data', 'talos', 'ignition', 'preseed', 'kickstart', 'none'),
      completes: fc.constantFrom('phone-home', 'report', 'talos-running', 'api', 'disk-boot', 'none'),
    });
    const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
    fc.assert(
      fc.property(fc.constantFrom(...STALLING_STAGES), facts, (stage, given) => {
        const row = findStallRow(stage, given);
        expect(row?.cause).toMatch(/^\S.*[^.]$/);
        expect(row?.nextStep).toMatch(/^[A-Z].*[^.]$/);
      }),
      { seed },
    );
    expect(STALLING_STAGES).toEqual(BOOT_STAGES.filter((stage) => stage !== 'done'));
  });

  it('names each row once, and has none that a row before it hides', () => {
    expect(new Set(STALL_TABLE.map(({ id }) => id)).size).toBe(STALL_TABLE.length);
    for (const [i, row] of STALL_TABLE.entries())
      for (const stage of row.stages) {
        const hides = STALL_TABLE.slice(0, i).some(
          (before) =>
            before.stages.includes(stage) &&
            Object.entries(before.when).every(([fact, value]) => row.when[fact as keyof StallFacts] === value),
        );
        expect(hides, row.id).toBe(false);
      }
  });
});

/** A site that hears signals one after the other. */
class Heard {
  readonly state: MemoryState = createState();
  readonly events: Reduced['events'][number][] = [];
  readonly #memory = new Memory();
  readonly #profile: Profile;

  constructor(profile: Partial<Profile> = {}) {
    this.#profile = sampleProfile(profile);
  }

  hear(...signals: Signal[]): this {
    const slots = { 'pos-1': sampleSlot({ profile: this.#profile }) };
    const { changes, events } = reduce(this.state, signals, {
      memory: this.#memory,
      revision: sampleRevision({ slots }),
    });
    applyChanges(this.state, changes);
    this.events.push(...events);
    return this;
  }

  tick(at: number, listeningSince = T0): this {
    return this.hear({ kind: 'tick', at, listeningSince });
  }

  get stalls() {
    return this.events.filter(({ type }) => type === 'boot-stalled');
  }

  get row(): unknown {
    return this.stalls.at(-1)?.data?.['row'];
  }

  get boot() {
    return [...this.state.boots.values()].at(-1);
  }
}

const firmware = (clientKind: string, at = T0): Signal => ({
  ...{ kind: 'dhcp', at, mac: POS_MAC, client: 'firmware', clientKind, message: 'request', address: POS_ADDRESS },
});
const loader = (at = T0): Signal => ({ kind: 'loader', at, mac: POS_MAC, file: 'snponly.efi', done: true });
const ipxe = (at = T0): Signal => ({
  ...{ kind: 'dhcp', at, mac: POS_MAC, client: 'ipxe', clientKind: 'ipxe', message: 'request', address: POS_ADDRESS },
});
const script = (at = T0, answer: Extract<Signal, { kind: 'script' }>['answer'] = live): Signal => ({
  ...{ kind: 'script', at, claim: { mac: POS_MAC }, address: POS_ADDRESS, answer },
});
const live = { kind: 'live', slot: 'pos-1', profile: 'demo' } as const;
const bytes = (at: number, bytesSent: number): Signal => ({
  ...{ kind: 'asset', at, mac: POS_MAC, digest: 'a'.repeat(64) as Digest, file: 'vmlinuz' },
  ...{ bytesSent, sizeBytes: 100, done: bytesSent === 100 },
});
const document = (name: string, at = T0): Signal => ({
  ...{ kind: 'document', at, mac: POS_MAC, document: name, address: POS_ADDRESS },
});
const text: Document = { kind: 'text', text: '', fill: false, secret: false };

const uefi = [firmware('uefi-x64'), loader()] as const;
const upToKernel = [...uefi, ipxe(), script(), bytes(T0, 100)] as const;

/** Profile, signals at T0, what is not yet a stall, what is one, and its row. */
const cases: readonly (readonly [Partial<Profile>, readonly Signal[], number, string])[] = [
  [{}, [firmware('bios')], MINUTE, 'seen-bios'],
  [{}, [firmware('uefi-x64')], MINUTE, 'seen-uefi'],
  [{}, uefi, 30 * SECOND, 'loader-uefi-silent'],
  [{}, [firmware('bios'), loader()], 30 * SECOND, 'loader-bios-silent'],
  [{}, [...uefi, script(T0, { kind: 'wait', because: 'kernel 40 %' })], 10 * MINUTE, 'loader-asks'],
  [{}, [...uefi, ipxe(), script(T0, { kind: 'hold', code: 'ABCD' })], 6 * MINUTE, 'held'],
  [{}, [...uefi, ipxe(), script()], MINUTE, 'script'],
  [{ kind: 'install' }, [...uefi, ipxe(), script()], MINUTE, 'script-install'],
  [{}, [...uefi, ipxe(), script(), bytes(T0, 40)], MINUTE, 'kernel-part'],
  [{}, upToKernel, 3 * MINUTE, 'configuration-user-data'],
  [{ documents: { talos: text } }, upToKernel, 3 * MINUTE, 'configuration-talos'],
  [{ documents: { ignition: text } }, [...upToKernel, document('meta-data')], 3 * MINUTE, 'configuration-ignition'],
  [{ documents: { preseed: text } }, upToKernel, 3 * MINUTE, 'configuration-preseed'],
  [{ documents: { kickstart: text } }, upToKernel, 3 * MINUTE, 'configuration-kickstart'],
  [{ documents: {} }, upToKernel, 3 * MINUTE, 'kernel'],
  [{ documents: {} }, [...upToKernel, document('meta-data')], 10 * MINUTE, 'os'],
  [{}, [...upToKernel, document('user-data')], 10 * MINUTE, 'configured'],
];

describe('a boot that stands still', () => {
  test.each(cases)('%#: is found when its time is over, and not before', (profile, signals, allowedMs, row) => {
    const heard = new Heard(profile).hear(...signals);
    expect(heard.tick(T0 + allowedMs - 1).stalls).toEqual([]);
    expect(heard.tick(T0 + allowedMs).row).toBe(row);
  });

  it('whose loader has an address and no script is not told of Secure Boot', () => {
    const heard = new Heard().hear(...uefi, ipxe());
    applyChanges(heard.state, [leaseChange(sampleLease({ holder: 'ipxe' }))]);
    expect(heard.tick(T0 + 30 * SECOND).row).toBe('loader-runs');
  });

  it('is told once, with cause and next step, and taken back when it goes on', () => {
    const heard = new Heard().hear(...uefi);
    heard.tick(T0 + 40 * SECOND).tick(T0 + 50 * SECOND);
    expect(heard.stalls).toHaveLength(1);
    expect(heard.stalls[0]).toMatchObject({
      ...{ slot: 'pos-1', boot: 'b1', data: { stage: 'loader', since: T0 } },
      sentence:
        'pos-1: no step for 40.0 s: it fetched its loader whole and did not start it: probably Secure Boot is on. Switch Secure Boot off in the settings of its firmware, then start it again.',
    });
    expect(heard.boot?.stalls).toMatchObject([{ stage: 'loader', since: T0 }]);
    heard.hear(script(T0 + 55 * SECOND)).tick(T0 + 60 * SECOND);
    expect(heard.boot?.stalls).toMatchObject([{ stage: 'loader', endedAt: T0 + 55 * SECOND }]);
  });

  it('is told once more in another stage, and not of the same stage', () => {
    const heard = new Heard().hear(...uefi, ipxe(), script(), bytes(T0, 10));
    heard.tick(T0 + MINUTE).hear(bytes(T0 + 61 * SECOND, 20));
    heard.tick(T0 + 70 * SECOND);
    expect(heard.boot?.stalls).toMatchObject([{ row: 'kernel-part', endedAt: T0 + 70 * SECOND }]);
    heard.tick(T0 + 3 * MINUTE);
    expect(heard.boot?.stalls).toMatchObject([{ row: 'kernel-part', since: T0 + 61 * SECOND }]);
    expect(heard.boot?.stalls?.[0]).not.toHaveProperty('endedAt');
    heard.hear(document('user-data', T0 + 4 * MINUTE)).tick(T0 + 20 * MINUTE);
    expect(heard.stalls.map(({ data }) => data?.['row'])).toEqual(['kernel-part', 'configured']);
  });

  it('is over with the boot', () => {
    const heard = new Heard().hear(...uefi).tick(T0 + MINUTE);
    heard.hear(script(T0 + 70 * SECOND, { kind: 'local', because: 'so' })).tick(T0 + 80 * SECOND);
    expect(heard.boot?.stalls).toMatchObject([{ endedAt: T0 + 70 * SECOND }]);
    expect(heard.tick(T0 + 60 * MINUTE).stalls).toHaveLength(1);
  });

  it('ends stalled, with what was said of it, when it is switched on again', () => {
    const heard = new Heard().hear(...uefi).tick(T0 + MINUTE);
    heard.hear(firmware('uefi-x64', T0 + 20 * MINUTE)).tick(T0 + 20 * MINUTE);
    const [first, second] = heard.state.boots.values();
    expect(first).toMatchObject({
      outcome: { kind: 'stalled', stage: 'loader', since: T0, cause: expect.stringContaining('Secure Boot') },
      closedAt: T0 + 20 * MINUTE,
      stalls: [{ stage: 'loader' }],
    });
    expect(first?.stalls?.[0]).not.toHaveProperty('endedAt');
    expect([second?.stage, second?.outcome]).toEqual(['seen', undefined]);
    const closed = heard.events.find(({ type }) => type === 'boot-closed');
    expect(closed?.sentence).toMatch(/^pos-1: stalled: its loader runs; it fetched .*Switch Secure Boot off/);
    expect(closed?.data).toMatchObject({ outcome: { kind: 'stalled', nextStep: expect.stringContaining('Secure') } });
  });

  it('that went on before it was switched on again is superseded', () => {
    const heard = new Heard().hear(...uefi).tick(T0 + MINUTE);
    heard.hear(script(T0 + 70 * SECOND), firmware('uefi-x64', T0 + 80 * SECOND));
    expect([...heard.state.boots.values()][0]?.outcome).toEqual({ kind: 'superseded' });
  });

  it('is none while bytes flow', () => {
    const heard = new Heard().hear(...uefi, ipxe(), script());
    for (let s = 0; s < 600; s += 10) heard.hear(bytes(T0 + s * SECOND, s / 10)).tick(T0 + s * SECOND);
    expect(heard.stalls).toEqual([]);
  });

  it('is given its time once more after the site was off', () => {
    const heard = new Heard().hear(...uefi);
    const restart = T0 + 60 * MINUTE;
    expect(heard.tick(restart + 29 * SECOND, restart).stalls).toEqual([]);
    expect(heard.tick(restart + 30 * SECOND, restart).stalls).toHaveLength(1);
  });

  it('before its boot begins is told of once, if it fills a slot', () => {
    const discover = (at: number, mac = POS_MAC): Signal => ({
      ...{ kind: 'dhcp', at, mac, client: 'firmware', clientKind: 'bios', message: 'discover' },
    });
    const heard = new Heard().hear(firmware('bios'), script(T0, { kind: 'local', because: 'so' }));
    const later = T0 + 60 * MINUTE;
    heard.hear(discover(later), discover(later + 4 * SECOND), discover(later + 32 * SECOND));
    heard.hear(discover(later, OTHER_MAC), discover(later + 32 * SECOND, OTHER_MAC));
    expect(heard.tick(later + 44 * SECOND).stalls).toEqual([]);
    heard.tick(later + 45 * SECOND).tick(later + 55 * SECOND);
    expect(heard.stalls).toHaveLength(1);
    expect(heard.stalls[0]).toMatchObject({ slot: 'pos-1', data: { stage: 'offered', since: later, mac: POS_MAC } });
  });
});

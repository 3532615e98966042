import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, replied, SPEAKS } from '../../../../test/packets/bench.ts';
import { ip, loaders, mac, SITE } from '../../../../test/packets/world.ts';
import type { Boot, BootId } from '../../../model/boot.ts';
import type { BootWay } from '../../../model/boot-way.ts';
import type { Evidence, EvidenceKind, Machine, MachineId, WorkingWay } from '../../../model/machine.ts';
import { applyChanges } from '../../../model/state.ts';
import { option } from '../codec/options.ts';
import { WayBook } from '../way-book.ts';
import { hintsOf, orderWays } from './choose-way.ts';

const SNP: BootWay = { shape: 'file', loader: 'snponly.efi' };
const MENU: BootWay = { shape: 'no-menu', loader: 'snponly.efi' };
const SHIM: BootWay = { shape: 'file', loader: 'shimx64.efi' };
const ROW = [SNP, MENU, SHIM];

/** A DISCOVER of EDK2; the answer as `60 43`, or `-` for each of the two that it has not. */
function discover(bench: Bench, macText: string = MAC, xid = 7): string {
  const decision = bench.ask(message('discover', SPEAKS.uefi, { mac: macText, xid }));
  const menu = decision.reply?.options.some(({ code }) => code === 43) ? '43' : '-';
  return `${replied(decision, 'vendorClass') ?? '-'} ${menu}`;
}

describe('DISCOVER after DISCOVER', () => {
  it('is answered in the next form, and REQUEST as the last DISCOVER was', () => {
    const bench = new Bench();
    const answers = [0, 4_000, 8_000, 16_000].map((wait) => {
      bench.later(wait);
      return discover(bench);
    });
    expect(answers).toEqual(['- -', '- -', 'PXEClient 43', 'PXEClient 43']);
    const chosen = [option('serverId', SITE.address), option('requestedAddress', ip('10.7.0.100'))];
    const ack = bench.ask(message('request', [...SPEAKS.uefi, ...chosen]));
    expect([replied(ack, 'messageType'), replied(ack, 'vendorClass')]).toEqual([5, 'PXEClient']);
  });

  it('of a machine that boots from its disk every day is answered as on the first', () => {
    const bench = new Bench();
    for (let day = 0; day < 5; day++) {
      expect(discover(bench)).toBe('- -');
      bench.later(4_000);
      expect(discover(bench)).toBe('- -');
      bench.later(24 * 3_600_000);
    }
  });

  it('is counted for each machine alone, and no flood of others makes it forgotten', () => {
    const bench = new Bench();
    discover(bench);
    bench.later(4_000);
    discover(bench);
    for (let n = 0; n < 5_000; n++) discover(bench, `52:54:01:00:${hex(n >> 8)}:${hex(n & 255)}`, n);
    expect(bench.ways.size).toBeLessThan(2_100);
    bench.later(8_000);
    expect(discover(bench)).toBe('PXEClient 43');
  });

  it('of machines without number, each heard again and again, fills no memory', () => {
    const book = new WayBook(() => 0);
    const asked = { xid: 1, role: 'authoritative', ways: [SNP, MENU], isProved: () => false } as const;
    for (let n = 0; n < 9_000; n++) {
      const who = mac(`52:54:02:00:${hex(n >> 8)}:${hex(n & 255)}`);
      for (const kind of ['uefi-x64', 'uefi-x64', 'bios'])
        book.apply({ mac: who, kind, spell: book.ask(who, kind, asked) });
    }
    expect(book.size).toBe(4_096);
  });

  it('comes to a loader that is not here only when there is no other', () => {
    const bench = new Bench();
    bench.loaders = loaders('undionly.kpxe');
    expect(bench.ask(message('discover', SPEAKS.uefi)).ignore?.reason).toBe('loader-missing');
    expect(bench.ways.size).toBe(0);
  });
});

it('the memory of ways forgets who is silent for ten minutes', () => {
  let now = 0;
  const book = new WayBook(() => now);
  const asked = { xid: 1, role: 'authoritative', ways: [SNP, MENU], isProved: () => false } as const;
  const ask = () => book.apply({ mac: mac(MAC), kind: 'uefi-x64', spell: book.ask(mac(MAC), 'uefi-x64', asked) });
  ask();
  book.hear(mac(MAC), 'took');
  expect(book.spellOf(mac(MAC), 'uefi-x64')?.stage).toBe('taken');
  now += 10 * 60_000;
  expect(book.spellOf(mac(MAC), 'uefi-x64')).toBeUndefined();
  book.hear(mac(MAC), 'fetched');
  expect(book.spellOf(mac(MAC), 'uefi-x64')).toBeUndefined();
});

describe('the order of the ways', () => {
  it.each<[string, Parameters<typeof orderWays>[1], readonly BootWay[]]>([
    ['is that of the row', { proved: [] }, ROW],
    ['begins with what worked', { proved: [SHIM] }, [SHIM, SNP, MENU]],
    [
      'begins with a form and a loader that worked together',
      { proved: [{ ...SHIM, shape: 'no-menu' }] },
      [{ ...SHIM, shape: 'no-menu' }, ...ROW],
    ],
    ['leaves out what is no way any more', { proved: [{ shape: 'url', loader: 'snponly.efi' }] }, ROW],
    ['begins with another loader after one that did not run', { proved: [], stuck: SNP }, [SHIM, SNP, MENU]],
    ['goes round after the last loader', { proved: [], stuck: SHIM }, [SNP, MENU, SHIM]],
    ['keeps the form by which a loader came', { proved: [], stuck: MENU }, [{ ...SHIM, shape: 'no-menu' }, ...ROW]],
  ])('%s', (_name, hints, order) => {
    expect(orderWays(ROW, hints)).toEqual(order);
  });

  it('is as it was where there is one loader only', () => {
    expect(orderWays([SNP, MENU], { proved: [], stuck: SNP })).toEqual([SNP, MENU]);
  });
});

describe('what is remembered of a machine', () => {
  const worked = (way: BootWay, at = 5): WorkingWay => ({ client: 'uefi-x64', way, at });
  const hints = (bench: Bench, kind = 'uefi-x64') => hintsOf({ mac: mac(MAC) }, kind, bench.state, bench.now);

  it('is what it booted by, as the same kind of client', () => {
    const bench = withMachines(machine('m1', MAC, { way: worked(MENU) }));
    expect(hints(bench)).toEqual({ proved: [MENU] });
    expect(hints(bench, 'bios')).toEqual({ proved: [] });
    expect(hints(withMachines())).toEqual({ proved: [] });
  });

  it('is else what its model booted by last', () => {
    const bench = withMachines(
      machine('m1', MAC, { model: 'Brix' }),
      machine('m2', '52:54:00:00:00:02', { model: 'Brix', way: worked(MENU, 7) }),
      machine('m3', '52:54:00:00:00:03', { model: 'Brix', way: worked(SHIM, 6) }),
      machine('m4', '52:54:00:00:00:04', { model: 'NUC', way: worked(SNP, 9) }),
    );
    expect(hints(bench)).toEqual({ proved: [MENU] });
  });

  it('is that its last boot had a loader that never ran', () => {
    const bench = withMachines(machine('m1', MAC, {}));
    const boot: Boot = {
      ...{ id: 'b1' as BootId, machine: 'm1' as MachineId, mac: mac(MAC), client: 'uefi-x64', way: SNP },
      ...{ openedAt: 1, stage: 'loader', reached: { seen: 1, loader: 2 } },
    };
    const put = (row: Boot) => applyChanges(bench.state, [{ table: 'boots', key: row.id, row }]);
    put(boot);
    expect(hints(bench)).toEqual({ proved: [], stuck: SNP });
    put({ ...boot, ran: true });
    expect(hints(bench)).toEqual({ proved: [] });
    put({ ...boot, stage: 'seen' });
    expect(hints(bench)).toEqual({ proved: [] });
  });

  it('is not held against what worked before for one boot alone', () => {
    const bench = withMachines(machine('m1', MAC, { way: worked(SNP) }));
    const row: Boot = {
      ...{ id: 'b1' as BootId, machine: 'm1' as MachineId, mac: mac(MAC), client: 'uefi-x64', way: SNP },
      ...{ openedAt: 1, stage: 'loader', reached: { seen: 1, loader: 2 } },
    };
    applyChanges(bench.state, [{ table: 'boots', key: row.id, row }]);
    expect(hints(bench)).toEqual({ proved: [SNP] });
  });
});

function withMachines(...rows: readonly Machine[]): Bench {
  const bench = new Bench();
  applyChanges(
    bench.state,
    rows.map((row) => ({ table: 'machines', key: row.id, row })),
  );
  return bench;
}

function machine(id: string, macText: string, { model, way }: { model?: string; way?: WorkingWay }): Machine {
  const row = (kind: EvidenceKind, value: string): Evidence => ({
    ...{ kind, value, source: 'script', firstSeen: 1, lastSeen: 1 },
  });
  const said = model === undefined ? [] : [row('manufacturer', 'Maker'), row('product', model)];
  return { id: id as MachineId, evidence: [row('mac', macText), ...said], ...(way ? { way } : {}) };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

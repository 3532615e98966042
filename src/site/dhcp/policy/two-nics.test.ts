import { expect, it } from 'vitest';
import { Bench, MAC, message, summary } from '../../../../test/packets/bench.ts';
import { ip, revision, slot } from '../../../../test/packets/world.ts';
import type { Machine, MachineId } from '../../../model/machine.ts';
import { applyChanges } from '../../../model/state.ts';

const SECOND = '52:54:00:00:00:02';
const renewing = (address: string, mac: string) => message('request', [], { ciaddr: ip(address), mac });

/** Writes down which machine has which MACs. */
function know(bench: Bench, machines: Readonly<Record<string, readonly string[]>>): void {
  for (const [id, macs] of Object.entries(machines)) {
    const evidence = macs.map((value) => ({ kind: 'mac', value, source: 'dhcp', firstSeen: 1, lastSeen: 1 }) as const);
    const row: Machine = { id: id as MachineId, evidence };
    applyChanges(bench.state, [{ table: 'machines', key: id, row }]);
  }
}

it('the address of a slot goes with the machine in it: to its second NIC after a merge, and back after a split', () => {
  const bench = new Bench(
    revision({ slots: [slot('edge-1', [{ mac: MAC }], { lan0: { boot: true, address: ip('10.7.0.11') } })] }),
  );
  know(bench, { m1: [MAC], m2: [SECOND] });
  const binding = { slot: 'edge-1', number: 1, machine: 'm1' as MachineId, since: 1, health: 'waiting' } as const;
  applyChanges(bench.state, [{ table: 'bindings', key: 'edge-1#1', row: binding }]);
  expect(summary(bench.lease([], SECOND))).toBe('ack 10.7.0.100');
  know(bench, { m1: [MAC, SECOND], m2: [] });
  expect(summary(bench.lease([], SECOND))).toBe('ack 10.7.0.11');
  expect(summary(bench.lease([], MAC))).toMatch(/^ack 10\.7\.0\.10\d$/);
  know(bench, { m1: [MAC], m2: [SECOND] });
  expect(summary(bench.ask(renewing('10.7.0.11', SECOND)))).toMatch(/^nak/);
  expect(summary(bench.lease([], SECOND))).toMatch(/^ack 10\.7\.0\.10\d$/);
  expect(summary(bench.lease([], MAC))).toBe('ack 10.7.0.11');
});

import { expect, it } from 'vitest';
import { settled } from '../../test/packets/ports.ts';
import {
  INITRD,
  KERNEL,
  leaseChange,
  POS_ADDRESS,
  POS_MAC,
  SampleClock,
  SampleLog,
  SampleSignals,
  SampleStore,
  SITE,
  sampleLease,
  T0,
} from '../../test/support/sample-site.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { MachineId } from '../model/machine.ts';
import type { Change } from '../model/store.ts';
import { createTransferSignals } from './transfers-to-signals.ts';

const machine = 'm1' as MachineId;
const evidence = [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }] as const;
const rows: Change[] = [
  leaseChange(sampleLease()),
  { table: 'machines', key: machine, row: { id: machine, evidence } },
  { table: 'bindings', key: 'pos-1#1', row: { slot: 'pos-1', number: 1, machine, since: T0, health: 'waiting' } },
];

/** What the wire shows where no lease tells it. */
const wire = new Map<string, MacAddress>();
const neighbours = { find: async (address: Ipv4) => wire.get(address) };

function setUp() {
  const [log, signals] = [new SampleLog(), new SampleSignals()];
  const moved: unknown[] = [];
  const admission = { moved: (...what: unknown[]) => void moved.push(what) };
  const loaders = {
    find: (name: string) => (name === 'ipxe.efi' ? { name, digest: KERNEL, sizeBytes: 9 } : undefined),
  };
  const parts = { store: new SampleStore(rows), signals, admission, loaders, clock: new SampleClock(), log };
  return { log, signals, moved, transfers: createTransferSignals({ ...parts, addresses: () => [SITE], neighbours }) };
}
const sent = { remote: POS_ADDRESS, bytesSent: 9, sizeBytes: 9, done: true };
const told = { endpoint: { address: POS_ADDRESS, port: 2070 }, bytes: 9, sizeBytes: 9, because: 'x', ms: 4 };

it('what went out by HTTP is a loader or an asset of the machine, with a line when it is whole', () => {
  const { log, signals, transfers } = setUp();
  transfers.onAsset({ ...sent, digest: INITRD, name: 'initrd.img', bytesSent: 4, done: false });
  transfers.onAsset({ ...sent, digest: INITRD, name: 'initrd.img' });
  transfers.onAsset({ ...sent, digest: KERNEL, name: 'ipxe.efi' });
  expect(signals.heard.map(({ kind }) => kind)).toEqual(['asset', 'asset', 'loader']);
  expect(log.lines.map(({ fields }) => fields['file'])).toEqual(['initrd.img', 'ipxe.efi']);
  expect(log.lines[0]?.fields).toMatchObject({ mac: POS_MAC, machine, slot: 'pos-1' });
});

it('bytes on their way keep the place of a machine among those that fetch, and its last file ends it', () => {
  const { moved, transfers } = setUp();
  transfers.onAsset({ ...sent, digest: INITRD, name: 'initrd.img', bytesSent: 4, done: false });
  transfers.onAsset({ ...sent, digest: INITRD, name: 'initrd.img' });
  const [[, now]] = moved as [[string, number]];
  expect(moved).toEqual([
    [POS_ADDRESS, now, undefined],
    [POS_ADDRESS, now, INITRD],
  ]);
});

it('an image is what the machine pulled, and a pull from nobody’s address only a line', async () => {
  const { log, signals, transfers } = setUp();
  transfers.onPulled({ remote: POS_ADDRESS, image: 'registry.test/pos/app:1.4', sizeBytes: 9 });
  transfers.onPulled({ remote: '10.0.0.99', image: 'registry.test/pos/app:1.4', sizeBytes: 9 });
  await settled();
  const pulled = { kind: 'image', at: T0, mac: POS_MAC, image: 'registry.test/pos/app:1.4', sizeBytes: 9 };
  expect(signals.heard).toEqual([pulled]);
  expect(log.lines.map(({ fields }) => fields['slot'])).toEqual(['pos-1', undefined]);
});

it('what went out by TFTP is told but for probes and scripts', () => {
  const { log, signals, transfers } = setUp();
  transfers.onTftp({ ...told, name: 'ipxe.efi', outcome: 'probe' });
  transfers.onTftp({ ...told, name: 'boot.ipxe', outcome: 'done' });
  transfers.onTftp({ ...told, name: 'ipxe.efi', outcome: 'timeout' });
  expect(signals.heard).toEqual([{ kind: 'loader', at: T0, mac: POS_MAC, file: 'ipxe.efi', done: false }]);
  expect(log.lines.map(({ level }) => level)).toEqual(['debug', 'info', 'info']);
  expect(log.lines[2]?.fields).toMatchObject({ mac: POS_MAC, machine, slot: 'pos-1', outcome: 'timeout' });
});

it('without a lease it is the machine that the wire shows at the address', async () => {
  const { signals, transfers } = setUp();
  wire.set('10.0.0.98', POS_MAC);
  transfers.onTftp({ ...told, endpoint: { address: '10.0.0.98' as Ipv4, port: 1 }, name: 'ipxe.efi', outcome: 'done' });
  await settled();
  expect(signals.heard).toEqual([{ kind: 'loader', at: T0, mac: POS_MAC, file: 'ipxe.efi', done: true }]);
});

it('bytes to an address without a lease and a neighbour are nobody’s', async () => {
  const { log, signals, transfers } = setUp();
  transfers.onTftp({ ...told, endpoint: { address: '10.0.0.99' as Ipv4, port: 1 }, name: 'ipxe.efi', outcome: 'done' });
  await settled();
  expect(signals.heard).toEqual([]);
  expect(log.lines[0]?.fields).not.toHaveProperty('mac');
});

import type { Ipv4 } from '../kernel/ipv4.ts';
import { ipv4FromNumber, ipv4ToNumber } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import { type BootId, bindingKey } from '../model/boot.ts';
import { leaseKey } from '../model/lease.ts';
import type { MachineId } from '../model/machine.ts';
import { ARMED, type Order, type OrderId } from '../model/order.ts';
import type { Revision, Slot } from '../model/revision.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import { createState } from '../model/state.ts';
import type { Change, SiteState } from '../model/store.ts';

/** A machine that nobody has: locally administered, and no card of any maker. */
export const DRY_MAC = '02:00:00:00:00:01' as MacAddress;
/** Beyond every clock that was never set, and the same in each run. */
export const DRY_NOW = Date.UTC(2030, 0, 1);

const ID = 'm1' as MachineId;
const BOOT = 'b1' as BootId;
const ORDER = 'o1' as OrderId;
const HOUR_MS = 3_600_000;

/** What the machine of a slot is about to do: ask for its script, or fetch what the script named. */
export type DryStep = 'asks' | 'reads';

/** Where it is in the network of the site. */
export function dryAddress({ address }: SiteAddress): Ipv4 {
  const own = ipv4ToNumber(address);
  return ipv4FromNumber(own % 2 === 0 ? own + 1 : own - 1);
}

/**
 * The facts of a site with one machine, which fills `slot` and is at one of its steps. An install is ordered, with the
 * words that erase; nothing of all this is ever written down.
 */
export function dryState(revision: Revision, slot: Slot, site: SiteAddress, step: DryStep): SiteState {
  const seen = { source: 'dhcp', firstSeen: DRY_NOW - HOUR_MS, lastSeen: DRY_NOW } as const;
  const since = DRY_NOW - HOUR_MS;
  const rows: Change[] = [
    { table: 'marks', key: ARMED, row: { at: since, by: 'dry run' } },
    { table: 'machines', key: ID, row: { id: ID, evidence: [{ kind: 'mac', value: DRY_MAC, ...seen }] } },
    {
      table: 'bindings',
      key: bindingKey(slot.name, 1),
      row: { slot: slot.name, number: 1, machine: ID, since, health: 'waiting', placedBy: 'dry run' },
    },
    {
      table: 'leases',
      key: leaseKey(site.network, DRY_MAC),
      row: {
        ...{ network: site.network, client: DRY_MAC, mac: DRY_MAC, address: dryAddress(site), state: 'bound' },
        ...{ holder: 'ipxe', startedAt: since, expiresAt: DRY_NOW + HOUR_MS },
      },
    },
    bootRow(revision, slot, step),
    ...(slot.profile.install ? [orderRow(slot, step)] : []),
  ];
  return createState(rows);
}

function bootRow(revision: Revision, slot: Slot, step: DryStep): Change {
  const openedAt = DRY_NOW - 1_000;
  const reached = { seen: openedAt, loader: openedAt };
  const begun = { ...reached, script: DRY_NOW };
  const isInstalling = step === 'reads' && slot.profile.install !== undefined;
  return {
    table: 'boots',
    key: BOOT,
    row: {
      ...{ id: BOOT, machine: ID, mac: DRY_MAC, slot: slot.name, binding: 1, revision: revision.digest, openedAt },
      ...(step === 'asks' ? { stage: 'loader', reached } : { stage: 'script', reached: begun }),
      ...(isInstalling ? { order: ORDER } : {}),
    },
  };
}

function orderRow(slot: Slot, step: DryStep): Change {
  const attempts = step === 'asks' ? 0 : 1;
  const row: Order = {
    ...{ id: ORDER, slot: slot.name, binding: 1, profile: slot.profile.digest },
    ...{ by: { kind: 'person', name: 'dry run' }, createdAt: DRY_NOW - HOUR_MS, expiresAt: DRY_NOW + HOUR_MS },
    ...{ attempts, maxAttempts: 3, wipe: true },
    state: step === 'asks' ? { kind: 'open' } : { kind: 'installing', boot: BOOT, since: DRY_NOW },
  };
  return { table: 'orders', key: ORDER, row };
}

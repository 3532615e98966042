import { type Ipv4, isInSubnet } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Boot } from '../../../model/boot.ts';
import type { Lease } from '../../../model/lease.ts';
import { leaseKey } from '../../../model/lease.ts';
import type { Machine } from '../../../model/machine.ts';
import { evidenceOf, macsOf } from '../../../model/machine.ts';
import { fencedMark } from '../../../model/order.ts';
import type { BootView, MachineView } from '../../../wire/api/views.ts';
import { contentionOf, type Facts } from './contenders.ts';
import { evidenceAge } from './evidence-age.ts';
import type { Progress } from './memory.ts';
import { proposeSlots } from './proposals.ts';
import { viewBoot } from './view-boot.ts';

/** What views are made from. */
export type ViewContext = Facts & {
  readonly progressOf: (mac: MacAddress) => Progress | undefined;
  /** The place of a machine in the queue for its files, counted from 1; undefined: it does not wait there. */
  readonly placeOf?: (mac: MacAddress) => number | undefined;
  /** The networks in which another server leases: what that one gave to whom, only the wire shows. */
  readonly leasedElsewhere?: ReadonlySet<string>;
  /** The addresses at which the wire shows a card. */
  readonly seenAt?: (mac: MacAddress) => readonly Ipv4[];
};

/** The newest boot of a machine as a view. */
export function viewLatestBoot(machine: Machine, context: ViewContext): BootView | undefined {
  const boot = context.state.latestBoot(machine.id);
  return boot && viewBootNow(boot, context);
}

/** A boot with what is known of its machine at this moment. */
export function viewBootNow(boot: Boot, { now, progressOf, placeOf }: ViewContext): BootView {
  return viewBoot(boot, now, progressOf(boot.mac), placeOf?.(boot.mac));
}

export function viewMachine(machine: Machine, context: ViewContext): MachineView {
  const macs = macsOf(machine);
  const boot = context.state.latestBoot(machine.id);
  const held = boot !== undefined && boot.stage === 'held' && !boot.outcome;
  const address = macs.map((mac) => addressOf(mac, context)).find((found) => found !== undefined);
  const said = (['uuid', 'manufacturer', 'product', 'serial'] as const).flatMap((kind) => {
    const value = evidenceOf(machine, kind);
    return value === undefined ? [] : [[kind, value] as const];
  });
  const fenced = context.state.marks.get(fencedMark(machine.id));
  const contention = contentionOf(machine, context);
  return {
    id: machine.id,
    ...(context.showsCodes && boot?.code ? { code: boot.code } : {}),
    macs,
    ...Object.fromEntries(said),
    ...(address === undefined ? {} : { address }),
    ...evidenceAge(machine),
    held,
    ...(fenced === undefined ? {} : { fenced: fenced.because ?? 'fenced off' }),
    ...(contention === undefined ? {} : { contends: contention.slot }),
    ...viewParts(machine),
    ...(held && context.revision
      ? { proposals: proposeSlots(machine, context.revision, context.state, context.now) }
      : {}),
    sentence: viewLatestBoot(machine, context)?.sentence ?? 'was never seen booting',
  };
}

/** How it came together. */
function viewParts({ merged, apart }: Machine): Pick<MachineView, 'merged' | 'apart'> {
  const parts = merged?.map(({ former, at, by }) => ({ machine: former.id, macs: macsOf(former), at, by }));
  return { ...(parts ? { merged: parts } : {}), ...(apart ? { apart } : {}) };
}

function addressOf(mac: MacAddress, context: ViewContext): Ipv4 | undefined {
  const { leasedElsewhere = new Set(), revision, seenAt } = context;
  const subnets = Object.values(revision?.networks ?? {}).filter(({ name }) => leasedElsewhere.has(name));
  const isThere = (address: Ipv4): boolean => subnets.some(({ subnet }) => isInSubnet(address, subnet));
  return leaseOf(mac, context)?.address ?? (subnets.length > 0 ? seenAt?.(mac).find(isThere) : undefined);
}

function leaseOf(mac: MacAddress, { state, revision, now }: ViewContext): Lease | undefined {
  return Object.keys(revision?.networks ?? {})
    .map((network) => state.leases.get(leaseKey(network, mac)))
    .find((lease) => lease?.state === 'bound' && lease.expiresAt > now);
}

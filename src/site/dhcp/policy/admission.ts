import { matchesMac } from '../../../kernel/mac.ts';
import { findSlot } from '../../../model/identity.ts';
import { ignoresUnknown } from '../../../model/revision.ts';
import type { MessageType } from '../codec/options.ts';
import { reservationOf } from './address.ts';
import type { Client } from './client.ts';
import { holderOf } from './client.ts';
import type { DecideContext, Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';
import { isLive, leaseOf } from './lease-time.ts';

/** Why the site leaves this client alone; undefined if it does not. */
export function refusalOf({ client, context }: Inquiry): Decision | undefined {
  const { unknownMachines } = context.plan.revision;
  const pattern = unknownMachines.ignore.find((candidate) => matchesMac(candidate, client.mac));
  if (pattern !== undefined) return ignored('pattern', `the template says to leave ${pattern} alone`);
  const boots = holderOf(client) !== 'os';
  const { plan } = context;
  if (!boots || !ignoresUnknown(unknownMachines, plan.role)) return undefined;
  if (fitsSlot(client, context)) return undefined;
  const because =
    unknownMachines.action === 'ignore'
      ? 'it fits no slot, and the template says to ignore such machines'
      : `it fits no slot, and another server leases in network ${plan.network.name}: such machines are left alone unless the template says \`action: hold\``;
  return ignored('unknown-machine', because);
}

/**
 * Why a stranger is left to the other server that was found here: two that lease from their own lists give out one
 * address twice. Machines of ours go on, and whoever has a lease of ours keeps it.
 */
export function strangerRefusal(type: MessageType, { client, context }: Inquiry): Decision | undefined {
  const { plan, state, now } = context;
  if (!plan.keepsToKnown || (type !== 'discover' && type !== 'request')) return undefined;
  const lease = leaseOf(state, plan.network.name, client.key);
  if (lease && lease.state === 'bound' && isLive(lease, now)) return undefined;
  if (fitsSlot(client, context) || reservationOf(client, context) !== undefined) return undefined;
  const because = `it fits no slot, and another DHCP server was seen in network ${plan.network.name}`;
  return ignored('kept-to-known', because);
}

function fitsSlot({ claim }: Client, { state, plan, now }: DecideContext): boolean {
  return claim !== undefined && findSlot(claim, state, plan.revision, now).kind !== 'none';
}

import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { isInSubnet } from '../../../kernel/ipv4.ts';
import { findSlot } from '../../../model/identity.ts';
import type { Slot } from '../../../model/revision.ts';
import { hintOf } from '../codec/options.ts';
import type { Client } from './client.ts';
import { holderOf } from './client.ts';
import type { DecideContext, Inquiry } from './decision.ts';
import { isKept, isLive, leaseOf } from './lease-time.ts';
import { isPoolAddress } from './network-plan.ts';

/** The address that the revision reserves for this NIC in this network. */
export function reservationOf(client: Client, context: DecideContext): Ipv4 | undefined {
  const { plan, state, now } = context;
  const here = plan.network.name;
  if (!client.claim || plan.reserved.size === 0) return undefined;
  const mac = client.claim.mac;
  for (const slot of Object.values(plan.revision.slots)) {
    const named = interfacesIn(slot, here).find((nic) => nic.mac === mac && nic.address !== undefined);
    if (named) return named.address;
  }
  const answer = findSlot(client.claim, state, plan.revision, now);
  if (answer.kind !== 'slot') return undefined;
  // The booting NIC needs no MAC of its own in the template: it is the one that the slot was recognised by.
  return interfacesIn(answer.slot, here).find((nic) => nic.boot && nic.mac === undefined)?.address;
}

/**
 * Whether an address may be this client's: it is reserved for it, or of the pool; nobody else has a lease on it or is
 * just being given one, and no stranger answers there. Offers to others do not count: they may give way.
 */
export function isGrantable(address: Ipv4, inquiry: Inquiry): boolean {
  const { client, context } = inquiry;
  const { plan, state, pool, now } = context;
  if (plan.taken.has(address) || !isInSubnet(address, plan.network.subnet)) return false;
  const isReserved = address === reservationOf(client, context);
  if (!isReserved && !isPoolAddress(address, plan)) return false;
  const row = state.leaseOfAddress(plan.network.name, address);
  const mine = row?.client === client.key;
  // What the template says counts more than who had an address last.
  if (row && !mine && (isLive(row, now) || (!isReserved && isKept(row, state)))) return false;
  if (!mine && pool.isInUse(address)) return false;
  const receiver = pool.beingGrantedTo(address);
  return receiver === undefined || receiver === client.key;
}

/**
 * Whether a client shall go on with an address that it names. An installed system that has a reservation shall move to
 * it; firmware and loaders keep what they have until then, because a machine that is recognised in the middle of its
 * boot must not lose the address that its loader and its scripts already use.
 */
export function isRightAddress(address: Ipv4, inquiry: Inquiry): boolean {
  if (!isGrantable(address, inquiry)) return false;
  const reserved = reservationOf(inquiry.client, inquiry.context);
  if (holderOf(inquiry.client) !== 'os' || reserved === undefined || reserved === address) return true;
  return !isGrantable(reserved, inquiry);
}

/** The address to offer; undefined if the network has none left. RFC 2131 section 4.3.1, with reservations before it. */
export function chooseAddress(inquiry: Inquiry): Ipv4 | undefined {
  const { message, client, context } = inquiry;
  const lease = leaseOf(context.state, context.plan.network.name, client.key);
  const current = lease && isLive(lease, context.now) ? lease.address : undefined;
  const reserved = reservationOf(client, context);
  const wishes = holderOf(client) === 'os' ? [reserved, lease?.address] : [current, reserved, lease?.address];
  const others = [context.pool.offerOf(client.key), hintOf(message, 'requestedAddress')];
  const isOfferedToAnother = (address: Ipv4) => (context.pool.offeredTo(address) ?? client.key) !== client.key;
  return (
    wishes.find((address) => address !== undefined && isGrantable(address, inquiry)) ??
    others.find((address) => address !== undefined && isGrantable(address, inquiry) && !isOfferedToAnother(address)) ??
    context.pool.next()
  );
}

function interfacesIn(slot: Slot, network: string) {
  return Object.values(slot.interfaces).filter((nic) => nic.network === network);
}

import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { NewEvent } from '../../../model/event.ts';
import { findMachine } from '../../../model/identity.ts';
import type { Lease } from '../../../model/lease.ts';
import { leaseKey } from '../../../model/lease.ts';
import type { Change } from '../../../model/store.ts';
import type { BootAnswer } from './boot-answer.ts';
import { holderOf } from './client.ts';
import type { Decision, Inquiry } from './decision.ts';
import { destinationOf } from './destination.ts';
import { isLive, leaseOf, leaseSecondsFor } from './lease-time.ts';
import { buildReply } from './reply.ts';

/** An ACK: the lease is a change, so that it is on disk before the client hears of it. */
export function grant(inquiry: Inquiry, address: Ipv4, boot: BootAnswer): Decision {
  const { message, client, context } = inquiry;
  const { plan, state, now } = context;
  const leaseSeconds = leaseSecondsFor(inquiry);
  const before = leaseOf(state, plan.network.name, client.key);
  const lease = leaseRow(inquiry, address, leaseSeconds, before);
  const reply = buildReply(inquiry, { type: 'ack', yiaddr: address, leaseSeconds, boot });
  return {
    reply,
    to: destinationOf(message, reply),
    changes: [...evictions(inquiry, address), putLease(lease)],
    events: grantEvents(inquiry, lease, before && isLive(before, now) ? before : undefined),
    pool: { kind: 'grant', address, client: client.key },
  };
}

/** The change that writes a lease row. */
export function putLease(lease: Lease): Change {
  return { table: 'leases', key: leaseKey(lease.network, lease.client), row: lease };
}

/** What every event about this client carries. */
export function eventSubject({ client, context }: Inquiry): Pick<NewEvent, 'at' | 'machine' | 'slot'> {
  const { state, now } = context;
  const machine = client.claim && findMachine(client.claim, state, now);
  const binding = machine && state.bindingOfMachine(machine.id);
  return { at: now, ...(machine && { machine: machine.id }), ...(binding && { slot: binding.slot }) };
}

function leaseRow({ client, context }: Inquiry, address: Ipv4, leaseSeconds: number, before: Lease | undefined): Lease {
  const { plan, now } = context;
  const goesOn = before?.address === address && isLive(before, now);
  const clientId = client.clientId ?? before?.clientId;
  const hostname = client.hostname ?? before?.hostname;
  return {
    network: plan.network.name,
    client: client.key,
    mac: client.mac,
    address,
    state: 'bound',
    holder: holderOf(client),
    startedAt: goesOn ? before.startedAt : now,
    expiresAt: now + leaseSeconds * 1000,
    ...(clientId !== undefined && { clientId }),
    ...(hostname !== undefined && { hostname }),
  };
}

/** One row per address: whoever had it before, and let it expire, has it no more. */
function evictions({ client, context }: Inquiry, address: Ipv4): readonly Change[] {
  const { plan, state } = context;
  const row = state.leaseOfAddress(plan.network.name, address);
  if (!row || row.client === client.key) return [];
  return [{ table: 'leases', key: leaseKey(plan.network.name, row.client), row: null }];
}

/** Renewals are no news; a new address is, and so is a change of address. */
function grantEvents(inquiry: Inquiry, lease: Lease, before: Lease | undefined): readonly NewEvent[] {
  const subject = eventSubject(inquiry);
  const data = { network: lease.network, address: lease.address, mac: lease.mac, holder: lease.holder };
  if (!before) {
    const sentence = `${lease.client} got ${lease.address} in network ${lease.network}.`;
    return [{ type: 'lease-granted', ...subject, sentence, data }];
  }
  if (before.address === lease.address) return [];
  const sentence = `${lease.client} moved from ${before.address} to ${lease.address} in network ${lease.network}.`;
  return [{ type: 'lease-moved', ...subject, sentence, data: { ...data, from: before.address } }];
}

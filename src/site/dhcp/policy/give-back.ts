import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { Lease } from '../../../model/lease.ts';
import { leaseKey } from '../../../model/lease.ts';
import { hintOf } from '../codec/options.ts';
import { holderOf } from './client.ts';
import type { Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';
import { eventSubject, putLease } from './grant.ts';
import { isLive, leaseOf } from './lease-time.ts';

/** How long a declined address is left alone: whoever sits on it has been switched off or found by then. */
const DECLINED_MS = 60 * 60 * 1000;

/**
 * DECLINE (RFC 2131 section 4.3.3): the client found somebody else at its address, so nobody gets it for a while.
 * Only the address that the client holds or was offered counts: otherwise one machine could decline a whole pool away.
 */
export function decideDecline(inquiry: Inquiry): Decision {
  const { message, client, context } = inquiry;
  const { plan, state, now } = context;
  const address = hintOf(message, 'requestedAddress');
  if (address === undefined) return ignored('incomplete', 'it declines but names no address (50)');
  const other = forAnotherServer(inquiry);
  if (other) return other;
  const row = state.leaseOfAddress(plan.network.name, address);
  if (!isTheirs(inquiry, address, row))
    return ignored('not-the-holder', `it declines ${address}, which it does not have from here`);
  const setAside: Lease = {
    network: plan.network.name,
    client: `declined:${address}`,
    mac: client.mac,
    address,
    state: 'declined',
    holder: holderOf(client),
    startedAt: now,
    expiresAt: now + DECLINED_MS,
  };
  const sentence = `${client.key} found somebody else at ${address}; the address is set aside for an hour.`;
  return {
    changes: [
      ...(row ? [{ table: 'leases', key: leaseKey(plan.network.name, row.client), row: null } as const] : []),
      putLease(setAside),
    ],
    events: [
      { type: 'address-declined', ...eventSubject(inquiry), sentence, data: { network: plan.network.name, address } },
    ],
    pool: { kind: 'withdraw', client: client.key },
  };
}

function isTheirs({ client, context }: Inquiry, address: Ipv4, row: Lease | undefined): boolean {
  if (row?.client === client.key) return row.state === 'bound';
  const isFree = !row || !isLive(row, context.now);
  return isFree && context.pool.offerOf(client.key) === address && context.pool.beingGrantedTo(address) === undefined;
}

/** RELEASE (RFC 2131 section 4.3.4): the row stays, so that the client gets the same address when it comes back. */
export function decideRelease(inquiry: Inquiry): Decision {
  const { message, client, context } = inquiry;
  const { plan, state, now } = context;
  if (message.ciaddr === UNSPECIFIED) return ignored('incomplete', 'it releases but names no address (ciaddr)');
  const other = forAnotherServer(inquiry);
  if (other) return other;
  const lease = leaseOf(state, plan.network.name, client.key);
  if (lease?.address !== message.ciaddr || lease.state !== 'bound')
    return ignored('not-the-holder', `it releases ${message.ciaddr}, which it does not have from here`);
  const sentence = `${client.key} gave ${lease.address} back.`;
  return {
    changes: [putLease({ ...lease, state: 'released', expiresAt: Math.min(lease.expiresAt, now) })],
    events: [
      {
        type: 'lease-released',
        ...eventSubject(inquiry),
        sentence,
        data: { network: plan.network.name, address: lease.address },
      },
    ],
    pool: { kind: 'withdraw', client: client.key },
  };
}

function forAnotherServer({ message, context }: Inquiry): Decision | undefined {
  const server = hintOf(message, 'serverId');
  if (server === undefined || server === context.plan.site.address) return undefined;
  return ignored('other-server', `it speaks to ${server}`);
}

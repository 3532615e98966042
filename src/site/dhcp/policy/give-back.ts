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
import { isPoolAddress, poolSize } from './network-plan.ts';
import { meansUs } from './relay.ts';

/** How long a declined address is left alone: whoever sits on it has been switched off or found by then. */
const DECLINED_MS = 60 * 60 * 1000;

/** A client that declines whatever it gets is broken, or wants the pool for itself. */
const MAX_DECLINES_PER_MAC = 4;
/** Of all pool addresses, those that may be set aside at a time. */
const MAX_DECLINED_SHARE = 1 / 4;

/**
 * DECLINE (RFC 2131 section 4.3.3): the client found somebody else at its address, so nobody gets it for a while.
 * Only the address that the client holds or was offered counts, and only so many of them: otherwise one machine could
 * decline a whole pool away, one address after the other.
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
  const gone = row ? [{ table: 'leases', key: leaseKey(plan.network.name, row.client), row: null } as const] : [];
  const withdraw = { kind: 'withdraw', client: client.key } as const;
  const tooMany = tooManyDeclined(inquiry);
  if (tooMany !== undefined) {
    const changes = row?.client === client.key ? gone : [];
    return ignored('declines-too-often', tooMany, { changes, pool: withdraw });
  }
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
    changes: [...gone, putLease(setAside)],
    events: [
      { type: 'address-declined', ...eventSubject(inquiry), sentence, data: { network: plan.network.name, address } },
    ],
    pool: withdraw,
  };
}

/** Why this address is not set aside; undefined if it is. A client gives it up all the same, and is offered another. */
function tooManyDeclined({ client, context }: Inquiry): string | undefined {
  const { plan, state, now } = context;
  const declined = [...state.leases.values()].filter(
    (lease) => lease.state === 'declined' && lease.network === plan.network.name && lease.expiresAt > now,
  );
  const byClient = declined.filter(({ mac }) => mac === client.mac).length;
  if (byClient >= MAX_DECLINES_PER_MAC) return `it declined ${byClient} addresses within an hour`;
  const ofPool = declined.filter(({ address }) => isPoolAddress(address, plan)).length;
  if (ofPool < Math.max(1, Math.floor(poolSize(plan) * MAX_DECLINED_SHARE))) return undefined;
  return `${ofPool} addresses of network ${plan.network.name} are set aside already`;
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
  if (server === undefined || meansUs(server, message, context.plan)) return undefined;
  return ignored('other-server', `it speaks to ${server}`);
}

import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { isInSubnet, UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { hintOf, readOption } from '../codec/options.ts';
import { isRightAddress, reservationOf } from './address.ts';
import { bootAnswer } from './boot-answer.ts';
import type { Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';
import { destinationOf } from './destination.ts';
import { grant } from './grant.ts';
import { leaseOf } from './lease-time.ts';
import { meansUs } from './relay.ts';
import { buildNak } from './reply.ts';

/** The states a client can be in when it sends REQUEST (RFC 2131 section 4.3.2, table 4). Renewing and rebinding read alike. */
export type RequestState =
  | { readonly kind: 'selecting'; readonly server: Ipv4; readonly address: Ipv4 }
  | { readonly kind: 'init-reboot'; readonly address: Ipv4 }
  | { readonly kind: 'renewing'; readonly address: Ipv4 }
  | { readonly kind: 'unclear'; readonly because: string };

/** REQUEST: ACK, NAK, or silence where another server or nobody should speak. */
export function decideRequest(inquiry: Inquiry): Decision {
  const { client, context } = inquiry;
  const state = requestState(inquiry.message);
  if (state.kind === 'unclear') return ignored('incomplete', state.because);
  if (state.kind === 'selecting' && !meansUs(state.server, inquiry.message, context.plan)) {
    const withdraw = { kind: 'withdraw', client: client.key } as const;
    return ignored('other-server', `it chose the offer of ${state.server}`, { pool: withdraw });
  }
  const boot = bootAnswer(inquiry);
  if (!boot.ok) return ignored(boot.error.reason, boot.error.because);
  const { subnet } = context.plan.network;
  if (isAnothersAffair(state, inquiry))
    return ignored(
      'other-server',
      `it may have ${state.address} from the other server of network ${context.plan.network.name}`,
    );
  if (!isInSubnet(state.address, subnet)) return refuse(inquiry, `${state.address} is not in this network`);
  if (state.kind === 'init-reboot') {
    const known = knownAddresses(inquiry);
    // RFC 2131 section 4.3.2: with no record of the client, silence; another server may know it.
    if (known.length === 0)
      return ignored('unknown-client', `it wants ${state.address} back, and nothing is known of it here`);
    if (!known.includes(state.address)) return refuse(inquiry, `${state.address} is not yours`);
  }
  // A client that renews without a record here had its lease from a database that was lost. If the address is free and
  // ours to give, it keeps it: refusing would cut off every running node of the site.
  if (isRightAddress(state.address, inquiry)) return grant(inquiry, state.address, boot.value);
  return refuse(inquiry, `${state.address} is not yours to use`);
}

/** Which of the four states a REQUEST comes from, told by options 54, 50 and ciaddr. */
export function requestState(message: DhcpMessage): RequestState {
  const server = readOption(message, 'serverId');
  if (server.kind === 'malformed') return { kind: 'unclear', because: 'its server identifier (54) cannot be read' };
  const requested = hintOf(message, 'requestedAddress');
  const held = message.ciaddr === UNSPECIFIED ? undefined : message.ciaddr;
  if (server.kind === 'value') {
    const address = requested ?? held;
    if (address === undefined) return { kind: 'unclear', because: 'it chooses an offer but names no address (50)' };
    return { kind: 'selecting', server: server.value, address };
  }
  if (held !== undefined) return { kind: 'renewing', address: held };
  if (requested !== undefined) return { kind: 'init-reboot', address: requested };
  return { kind: 'unclear', because: 'it names neither a server (54) nor an address (50, ciaddr)' };
}

/**
 * Whether an address, which a client asks to keep without naming its server (54), may come from another server of this
 * network: then a NAK would cut off a machine that is in order, and silence costs one that is not a few seconds.
 */
function isAnothersAffair(state: Exclude<RequestState, { kind: 'unclear' }>, inquiry: Inquiry): boolean {
  const { keepsToKnown, network } = inquiry.context.plan;
  const isAlone = !keepsToKnown && (network.otherServers ?? []).length === 0;
  if (isAlone || state.kind === 'selecting' || isRightAddress(state.address, inquiry)) return false;
  return !knownAddresses(inquiry).includes(state.address);
}

function refuse(inquiry: Inquiry, because: string): Decision {
  const reply = buildNak(inquiry, because);
  return {
    reply,
    to: destinationOf(inquiry.message, reply),
    changes: [],
    events: [],
    pool: { kind: 'withdraw', client: inquiry.client.key },
  };
}

/**
 * What a rebooting client may rightly remember: its lease, the address that the template gives it, or the one that it
 * was just offered: small clients take an offer without naming the server (54), which makes them look as if they rebooted.
 */
function knownAddresses({ client, context }: Inquiry): readonly Ipv4[] {
  const lease = leaseOf(context.state, context.plan.network.name, client.key);
  const reserved = reservationOf(client, context);
  return [lease?.address, reserved, context.pool.offerOf(client.key)].filter((address) => address !== undefined);
}

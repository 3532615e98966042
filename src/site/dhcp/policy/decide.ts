import type { DhcpMessage } from '../codec/message.ts';
import type { MessageType } from '../codec/options.ts';
import { messageTypeOf } from '../codec/options.ts';
import { refusalOf, strangerRefusal } from './admission.ts';
import { decideBeside } from './beside.ts';
import type { Client } from './client.ts';
import { clientOf } from './client.ts';
import type { DecideContext, Decision, IgnoreReason, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';
import { decideDiscover } from './discover.ts';
import { decideDecline, decideRelease } from './give-back.ts';
import { decideInform } from './inform.ts';
import { decideRequest } from './request.ts';

/** A message as far as it must be understood before its network is known. */
export type Letter =
  | { readonly kind: 'letter'; readonly type: MessageType; readonly message: DhcpMessage; readonly client: Client }
  | { readonly kind: 'ignored'; readonly reason: IgnoreReason; readonly because: string };

/** Type and sender of a message, or why it is none of ours. */
export function openLetter(message: DhcpMessage, sharedMacs: readonly string[]): Letter {
  if (message.op !== 1) return dismissed('not-a-request', 'it is a reply of another server');
  const type = messageTypeOf(message);
  if (!type) return dismissed('no-message-type', 'it has no message type (53) that means something');
  if (!isForServers(type)) return dismissed('not-a-request', `clients do not send ${type.toUpperCase()}`);
  const client = clientOf(message, sharedMacs);
  if (!client) return dismissed('no-identity', 'neither its hardware address nor a client identifier (61) names it');
  return { kind: 'letter', type, message, client };
}

/** What to do about a message of a client. Pure: looks at nothing but its arguments. */
export function decide(type: MessageType, message: DhcpMessage, client: Client, context: DecideContext): Decision {
  const inquiry: Inquiry = { message, client, context };
  const { role, network } = context.plan;
  if (role === 'looking')
    return ignored('still-looking', `it is not known yet whether another server leases in ${network.name}`);
  const refusal = refusalOf(inquiry);
  if (refusal) return refusal;
  if (role === 'proxy') return decideBeside(type, inquiry);
  const stranger = strangerRefusal(type, inquiry);
  if (stranger) return stranger;
  switch (type) {
    case 'discover':
      return decideDiscover(inquiry);
    case 'request':
      return decideRequest(inquiry);
    case 'decline':
      return decideDecline(inquiry);
    case 'release':
      return decideRelease(inquiry);
    case 'inform':
      return decideInform(inquiry);
    default:
      return ignored('not-a-request', `clients do not send ${type.toUpperCase()}`);
  }
}

function isForServers(type: MessageType): boolean {
  return type !== 'offer' && type !== 'ack' && type !== 'nak';
}

function dismissed(reason: IgnoreReason, because: string): Letter {
  return { kind: 'ignored', reason, because };
}

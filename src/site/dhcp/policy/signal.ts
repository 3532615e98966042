import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { Signal } from '../../../model/signal.ts';
import type { MessageType } from '../codec/options.ts';
import { messageTypeOf } from '../codec/options.ts';
import type { Client } from './client.ts';
import { holderOf } from './client.ts';
import type { Decision, IgnoreReason } from './decision.ts';

/** A machine that could not be served was switched on all the same, and a person will look for it. */
const stillSeen: ReadonlySet<IgnoreReason> = new Set(['no-loader', 'loader-missing', 'pool-exhausted']);

/** What other rooms shall hear of a message: every DISCOVER that we care for, and every REQUEST that was granted. */
export function signalOf(
  { type, client }: { readonly type: MessageType; readonly client: Client },
  decision: Decision,
  at: number,
): Signal | undefined {
  const { claim, hostname, clientId, kind } = client;
  if (!claim) return undefined;
  const uuid = claim.uuid;
  const message = newsOf(type, decision);
  if (!message) return undefined;
  return {
    kind: 'dhcp',
    at,
    mac: claim.mac,
    client: holderOf(client),
    clientKind: kind?.name ?? 'unsupported',
    ...message,
    ...(uuid !== undefined && { uuid }),
    ...(hostname !== undefined && { hostname }),
    ...(clientId !== undefined && { clientId }),
  };
}

type News = { readonly message: 'discover' } | { readonly message: 'request'; readonly address: Ipv4 };

function newsOf(type: MessageType, { reply, ignore }: Decision): News | undefined {
  if (type === 'discover') return !ignore || stillSeen.has(ignore.reason) ? { message: 'discover' } : undefined;
  const granted = type === 'request' && reply !== undefined && messageTypeOf(reply) === 'ack';
  return granted ? { message: 'request', address: reply.yiaddr } : undefined;
}

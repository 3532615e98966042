import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Signal } from '../../../model/signal.ts';
import type { DhcpMessage } from '../codec/message.ts';
import type { MessageType } from '../codec/options.ts';
import { hintOf, messageTypeOf } from '../codec/options.ts';
import type { Client } from './client.ts';
import { holderOf } from './client.ts';
import type { Letter } from './decide.ts';
import type { Decision, IgnoreReason } from './decision.ts';
import type { Spell, WayInput } from './way-machine.ts';

type DhcpSignal = Extract<Signal, { kind: 'dhcp' }>;

/** A machine that could not be served was switched on all the same, and a person will look for it. */
const stillSeen: ReadonlySet<IgnoreReason> = new Set(['no-loader', 'loader-missing', 'pool-exhausted']);

/** What other rooms shall hear of a message: every DISCOVER that we care for, and every REQUEST that was granted. */
export function signalOf(
  { type, client, message: said }: Pick<Extract<Letter, { kind: 'letter' }>, 'type' | 'client' | 'message'>,
  decision: Decision,
  at: number,
  spell?: Spell,
): Signal | undefined {
  const { claim, hostname, clientId, kind } = client;
  if (!claim) return undefined;
  const uuid = claim.uuid;
  const message = newsOf(type, decision) ?? leasedElsewhere(type, client, said, decision);
  if (!message) return undefined;
  return {
    kind: 'dhcp',
    at,
    mac: claim.mac,
    client: holderOf(client),
    clientKind: kind?.name ?? 'unsupported',
    ...message,
    ...(holderOf(client) === 'firmware' && spell ? wayWords(spell, decision) : {}),
    ...(uuid !== undefined && { uuid }),
    ...(hostname !== undefined && { hostname }),
    ...(clientId !== undefined && { clientId }),
  };
}

/** A system that takes its address from the other server broadcasts which: so it is seen to run, as where we lease. */
function leasedElsewhere(type: MessageType, client: Client, said: DhcpMessage, { ignore }: Decision): News | undefined {
  if (type !== 'request' || ignore?.reason !== 'not-leasing' || client.kind?.client !== 'os') return undefined;
  const address = hintOf(said, 'requestedAddress') ?? said.ciaddr;
  return address === UNSPECIFIED ? undefined : { message: 'request', address };
}

type News = { readonly message: 'discover' } | { readonly message: 'request'; readonly address: Ipv4 };

function newsOf(type: MessageType, { reply, ignore }: Decision): News | undefined {
  if (type === 'discover') return !ignore || stillSeen.has(ignore.reason) ? { message: 'discover' } : undefined;
  const granted = type === 'request' && reply !== undefined && messageTypeOf(reply) === 'ack';
  return granted ? { message: 'request', address: reply.yiaddr } : undefined;
}

function wayWords({ way, spare, isDeaf }: Spell, { reply }: Decision): Pick<DhcpSignal, 'way' | 'spare' | 'deafTo'> {
  const deafTo = isDeaf && reply ? { nextServer: reply.siaddr, bootFile: reply.file } : undefined;
  return { way, ...(spare === undefined ? {} : { spare }), ...(deafTo ? { deafTo } : {}) };
}

/** Tells the memory of ways how far a client came, as DHCP itself shows it. */
export function noteComing(
  ways: { hear(mac: MacAddress, input: WayInput, isAbout: (kind: string) => boolean): void },
  type: MessageType,
  { claim, kind }: Client,
  { reply }: Decision,
): void {
  if (!claim || !kind) return;
  // The loader runs, whatever firmware it was that fetched it.
  if (kind.client === 'ipxe') ways.hear(claim.mac, 'ran', (name) => name !== kind.name);
  if (type === 'request' && reply && messageTypeOf(reply) === 'ack')
    ways.hear(claim.mac, 'took', (name) => name === kind.name);
}

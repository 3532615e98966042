import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { BROADCAST_FLAG, messageBytes, rawOption } from '../codec/message.ts';
import type { MessageType, OptionName } from '../codec/options.ts';
import { hintOf, messageTypeOption, OPTIONS, option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';
import type { BootAnswer } from './boot-answer.ts';
import type { DecideContext, Inquiry } from './decision.ts';
import type { Weighed } from './network-options.ts';
import { serverIdFor } from './relay.ts';

/** RFC 2132 section 9.10 counts the whole IP datagram. */
const IP_AND_UDP_BYTES = 28;
const DEFAULT_MAX_BYTES = 576;
const ETHERNET_MAX_BYTES = 1500;

const TYPES = { offer: always(messageTypeOption('offer')), ack: always(messageTypeOption('ack')) } as const;
const NONE: readonly Weighed[] = [];

export type ReplyParts = {
  readonly type: 'offer' | 'ack';
  readonly yiaddr: Ipv4;
  /** undefined in the answer to INFORM, which may not speak of a lease (RFC 2131 section 4.3.5). */
  readonly leaseSeconds?: number;
  readonly boot: BootAnswer;
};

/** An OFFER or ACK: what is mandatory, what the client asked for, and what it needs to boot. */
export function buildReply({ message, client, context }: Inquiry, parts: ReplyParts): DhcpMessage {
  const { plan } = context;
  const options = [
    TYPES[parts.type],
    always(option('serverId', serverIdFor(message, plan))),
    ...leaseOptions(parts.leaseSeconds),
    ...askedOptions(context, hintOf(message, 'parameterList')),
    ...must(parts.boot.options.filter(({ code }) => code < OPTIONS.machineUuid.code)),
    // RFC 4578 section 2.3 and many ROMs: as it came, and only if it came.
    ...echoed(message, 'machineUuid'),
    ...must(parts.boot.options.filter(({ code }) => code > OPTIONS.machineUuid.code)),
    // RFC 6842, where it is of use: a client that shares its hardware address knows its answers by this. Old ROMs never expect it.
    ...(client.kind?.client === 'os' || !client.claim ? echoed(message, 'clientId') : []),
    // RFC 3046 section 2.2: the last of all.
    ...echoed(message, 'relayAgent'),
  ];
  const { siaddr, file } = parts.boot;
  const header = { ...headerOf(message), yiaddr: parts.yiaddr, siaddr, file };
  return fitInto(header, options, sizeLimit(message));
}

/**
 * An offer beside another server's (PXE 2.1 section 2.2.3): without an address, and without a word of a lease or the
 * network. PXEClient or HTTPClient must be in it, or the client takes it for a lease without an address.
 */
export function buildProxyOffer({ message, context }: Inquiry, boot: BootAnswer): DhcpMessage {
  const options = [
    messageTypeOption('offer'),
    option('serverId', context.plan.site.address),
    ...boot.options,
    ...echoed(message, 'machineUuid').map((row) => row.option),
  ];
  return {
    ...headerOf(message),
    ciaddr: UNSPECIFIED,
    siaddr: boot.siaddr,
    file: boot.file,
    // RFC 3046 section 2.2: the relay's own words are the last of all.
    options: [...inOrder(options), ...echoed(message, 'relayAgent').map((row) => row.option)],
  };
}

/**
 * The ACK of a boot server (PXE 2.1 section 2.2.3): who it is and which loader, nothing of a lease or the network, which
 * are another server's affair. PXEClient must be in it, or the client takes it for an answer to something else.
 */
export function buildBootAck({ message, context }: Inquiry, boot: BootAnswer): DhcpMessage {
  const isNamed = boot.options.some(({ code }) => code === OPTIONS.vendorClass.code);
  const options = [
    messageTypeOption('ack'),
    option('serverId', context.plan.site.address),
    ...(isNamed ? [] : [option('vendorClass', 'PXEClient')]),
    ...boot.options,
    ...echoed(message, 'machineUuid').map((row) => row.option),
  ];
  return { ...headerOf(message), siaddr: boot.siaddr, file: boot.file, options: inOrder(options) };
}

/** A NAK carries no configuration (RFC 2131 table 3), only who says so and why. */
export function buildNak({ message, client, context }: Inquiry, because: string): DhcpMessage {
  const relayed = message.giaddr !== UNSPECIFIED;
  return {
    ...headerOf(message),
    ciaddr: UNSPECIFIED,
    // RFC 2131 section 4.3.2: so that the relay broadcasts it, too.
    flags: relayed ? message.flags | BROADCAST_FLAG : message.flags,
    options: [
      messageTypeOption('nak' satisfies MessageType),
      option('serverId', serverIdFor(message, context.plan)),
      option('errorText', because),
      ...(client.claim ? [] : echoed(message, 'clientId').map((row) => row.option)),
      ...echoed(message, 'relayAgent').map((row) => row.option),
    ],
  };
}

/** Message type first, as every client expects; the others by number, so that 67 is padded where readers stop. */
function inOrder([first, ...rest]: readonly RawOption[]): readonly RawOption[] {
  return [...(first ? [first] : []), ...rest.toSorted((a, b) => a.code - b.code)];
}

function headerOf(request: DhcpMessage): DhcpMessage {
  return {
    op: 2,
    htype: request.htype,
    hlen: request.hlen,
    hops: request.giaddr === UNSPECIFIED ? 0 : request.hops,
    xid: request.xid,
    secs: 0,
    flags: request.flags & BROADCAST_FLAG,
    ciaddr: request.ciaddr,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    giaddr: request.giaddr,
    chaddr: request.chaddr,
    sname: '',
    file: '',
    options: [],
  };
}

function leaseOptions(leaseSeconds: number | undefined): readonly Weighed[] {
  if (leaseSeconds === undefined) return [];
  return [
    always(option('leaseSeconds', leaseSeconds)),
    // RFC 2131 section 4.4.5: half, and seven eighths.
    { option: option('renewalSeconds', Math.floor(leaseSeconds / 2)), weight: 7 },
    { option: option('rebindingSeconds', Math.floor((leaseSeconds * 7) / 8)), weight: 7 },
  ];
}

/** What the network names, as far as the client asked for it; a client that asks for nothing (Raspberry Pi ROMs) gets all. */
function askedOptions({ plan, servesTime }: DecideContext, asked: readonly number[] | undefined): readonly Weighed[] {
  const known = servesTime ? plan.options.withTime : plan.options.withoutTime;
  return known.filter(({ option: { code }, weight }) => weight === 0 || (asked?.includes(code) ?? true));
}

function echoed(message: DhcpMessage, name: OptionName): readonly Weighed[] {
  const bytes = rawOption(message, OPTIONS[name].code);
  return bytes && bytes.length > 0 ? [always({ code: OPTIONS[name].code, bytes })] : NONE;
}

function must(options: readonly RawOption[]): readonly Weighed[] {
  return options.map(always);
}

function always(row: RawOption): Weighed {
  return { option: row, weight: 0 };
}

/** Bytes of DHCP message that the client takes: option 57, never less than every client must take, never more than a frame. */
function sizeLimit(message: DhcpMessage): number {
  const asked = hintOf(message, 'maxMessageBytes') ?? DEFAULT_MAX_BYTES;
  return Math.min(Math.max(asked, DEFAULT_MAX_BYTES), ETHERNET_MAX_BYTES) - IP_AND_UDP_BYTES;
}

function fitInto(header: DhcpMessage, weighed: readonly Weighed[], maxBytes: number): DhcpMessage {
  const message = { ...header, options: weighed.map((row) => row.option) };
  if (messageBytes(message) <= maxBytes) return message;
  const heaviest = Math.max(...weighed.map((row) => row.weight));
  if (heaviest === 0) return message;
  return fitInto(
    header,
    weighed.filter((row) => row.weight !== heaviest),
    maxBytes,
  );
}

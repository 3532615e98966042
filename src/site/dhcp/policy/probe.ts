import type { Ipv4, Subnet } from '../../../kernel/ipv4.ts';
import { ipv4FromBytes, ipv4ToBytes, isInSubnet, UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import { macFromBytes } from '../../../kernel/mac.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { BROADCAST_FLAG } from '../codec/message.ts';
import { hintOf, messageTypeOf, messageTypeOption, option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';

/** What a probe pretends to be: servers that only add a boot answer firmware alone, and some servers leave firmware out. */
export const PROBE_SHAPES = ['uefi', 'plain', 'bios'] as const;
export type ProbeShape = (typeof PROBE_SHAPES)[number];

/** A server that answered a probe. */
export type SeenOffer = {
  readonly server: Ipv4;
  /** Who sent it: the server, or the relay before it. */
  readonly sender: Ipv4;
  /** With an address, or only with a boot. */
  readonly how: 'offer' | 'proxy-offer';
};

/** Locally administered, so that it is no card's: 0e:53 and the address of the site that asks. */
const MARK = [0x0e, 0x53];
/** `Slipway looks`, in the place of a UUID: firmware sends one, and some servers want it. */
const LOOKS = Uint8Array.from('\0Slipway looks\0\0\0', (letter) => letter.charCodeAt(0));

/** The hardware address in a probe: the same at each look, so that a server keeps one address at hand for it and no more. */
export function probeMac(site: Ipv4): MacAddress {
  return macFromBytes(Uint8Array.from([...MARK, ...ipv4ToBytes(site)])) as MacAddress;
}

/** The address of the site whose probe this is; undefined: it is no probe of a site in this subnet. */
export function proberOf({ htype, hlen, chaddr }: DhcpMessage, subnet: Subnet): Ipv4 | undefined {
  if (htype !== 1 || hlen !== 6 || MARK.some((byte, index) => chaddr[index] !== byte)) return undefined;
  const site = ipv4FromBytes(chaddr.subarray(2, 6));
  return site && isInSubnet(site, subnet) ? site : undefined;
}

/** A DISCOVER that no REQUEST follows. Answers come by broadcast: no card listens to its hardware address. */
export function buildProbe(shape: ProbeShape, xid: number, site: Ipv4): DhcpMessage {
  const chaddr = new Uint8Array(16);
  chaddr.set([...MARK, ...ipv4ToBytes(site)]);
  return {
    ...{ op: 1, htype: 1, hlen: 6, hops: 0, xid, secs: 0, flags: BROADCAST_FLAG },
    ...{ ciaddr: UNSPECIFIED, yiaddr: UNSPECIFIED, siaddr: UNSPECIFIED, giaddr: UNSPECIFIED },
    ...{ chaddr, sname: '', file: '' },
    options: [messageTypeOption('discover'), option('parameterList', [1, 3, 6, 54, 60, 66, 67]), ...SPEAKS[shape]],
  };
}

/** The server in what came back; undefined: it is no answer to `xid`, or an answer of the site itself. */
export function offerIn(
  message: DhcpMessage,
  { from, xid, site }: { readonly from: Ipv4; readonly xid: number; readonly site: Ipv4 },
): SeenOffer | undefined {
  if (message.op !== 2 || message.xid !== xid || messageTypeOf(message) !== 'offer') return undefined;
  const server = hintOf(message, 'serverId') ?? from;
  if (server === site || from === site || server === UNSPECIFIED) return undefined;
  return { server, sender: from, how: message.yiaddr === UNSPECIFIED ? 'proxy-offer' : 'offer' };
}

/**
 * A server that gave a machine its address while the site listened, by broadcast; undefined: it is none, or the site itself.
 * Of one machine's boot there are two such answers, an OFFER and an ACK.
 */
export function leasingIn(
  message: DhcpMessage,
  { from, xid, site }: { readonly from: Ipv4; readonly xid: number; readonly site: Ipv4 },
): SeenOffer | undefined {
  const type = messageTypeOf(message);
  if (message.op !== 2 || message.xid === xid || (type !== 'offer' && type !== 'ack')) return undefined;
  const server = hintOf(message, 'serverId');
  if (server === undefined || server === site || from === site || server === UNSPECIFIED) return undefined;
  return message.yiaddr === UNSPECIFIED ? undefined : { server, sender: from, how: 'offer' };
}

function firmware(arch: number, text: string): readonly RawOption[] {
  return [
    option('vendorClass', `PXEClient:Arch:${text}:UNDI:003016`),
    option('clientArch', [arch]),
    option('networkInterface', Uint8Array.of(1, 3, 16)),
    { code: 97, bytes: LOOKS },
  ];
}

const SPEAKS: Readonly<Record<ProbeShape, readonly RawOption[]>> = {
  uefi: firmware(7, '00007'),
  plain: [],
  bios: firmware(0, '00000'),
};

import { hexOf } from '../../../kernel/bytes.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import { isIdentifyingMac, macFromBytes, matchesMac } from '../../../kernel/mac.ts';
import { usableUuid } from '../../../model/identity.ts';
import type { Claim } from '../../../model/machine.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { rawOption } from '../codec/message.ts';
import { hintOf, OPTIONS } from '../codec/options.ts';
import { classify, traitsOf } from './classify.ts';
import type { ClientKind, ClientTraits } from './client-kinds.ts';

/** Who sent a message. */
export type Client = {
  /** The second half of the lease key: the MAC, or `id:` and the hex of option 61. */
  readonly key: string;
  /** All zero where the hardware address names nobody. */
  readonly mac: MacAddress;
  /** What can be said of the machine; undefined without a MAC that names it. */
  readonly claim?: Claim;
  readonly clientId?: string;
  readonly hostname?: string;
  readonly traits: ClientTraits;
  /** undefined: firmware of a kind that has no row. */
  readonly kind?: ClientKind;
};

const NOBODY = '00:00:00:00:00:00' as MacAddress;
const ETHERNET = 1;
/** Longer names and ids are a mistake or an attack, and would be stored with every lease. */
const MAX_HOSTNAME = 63;
const MAX_ID_BYTES = 255;

/**
 * The sender of a message; undefined if neither its hardware address nor option 61 names one.
 * Option 61 is not the key where a MAC names the NIC: firmware, iPXE and the system each send another one, and the NIC
 * shall keep its address from one to the next. It is where the MAC is zero, a group address, or none of Ethernet
 * (InfiniBand leaves chaddr empty, RFC 4390), and where the template says that several machines share it, as they do a dock.
 */
export function clientOf(message: DhcpMessage, sharedMacs: readonly string[] = []): Client | undefined {
  const traits = traitsOf(message);
  const kind = classify(traits);
  const idBytes = rawOption(message, OPTIONS.clientId.code);
  const clientId = idBytes && idBytes.length > 0 && idBytes.length <= MAX_ID_BYTES ? hexOf(idBytes) : undefined;
  const mac = namingAddress(message, sharedMacs);
  if (!mac && clientId === undefined) return undefined;
  const uuid = usableUuid(hintOf(message, 'machineUuid'));
  const hostname = hostnameOf(message);
  return {
    key: mac ?? `id:${clientId}`,
    mac: mac ?? NOBODY,
    ...(mac && { claim: { mac, ...(uuid !== undefined && { uuid }) } }),
    ...(clientId !== undefined && { clientId }),
    ...(hostname !== undefined && { hostname }),
    traits,
    ...(kind && { kind }),
  };
}

/** Who holds a lease of this client. Firmware without a row counts as firmware. */
export function holderOf(client: Client): 'firmware' | 'ipxe' | 'os' {
  return client.kind?.client ?? 'firmware';
}

function namingAddress(message: DhcpMessage, sharedMacs: readonly string[]): MacAddress | undefined {
  if (message.htype !== ETHERNET || message.hlen !== 6) return undefined;
  const mac = macFromBytes(message.chaddr.subarray(0, 6));
  if (!mac || !isIdentifyingMac(mac)) return undefined;
  return sharedMacs.some((pattern) => matchesMac(pattern, mac)) ? undefined : mac;
}

function hostnameOf(message: DhcpMessage): string | undefined {
  const text = hintOf(message, 'hostname');
  return text !== undefined && /^[\w.-]+$/.test(text) && text.length <= MAX_HOSTNAME ? text : undefined;
}

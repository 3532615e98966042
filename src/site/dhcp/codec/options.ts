import type { DhcpMessage } from './message.ts';
import { rawOption } from './message.ts';
import type { RawOption } from './raw-options.ts';
import type { ValueCodec } from './values.ts';
import {
  addressesValue,
  addressValue,
  bytesValue,
  codesValue,
  encapsulatedValue,
  machineUuidValue,
  textValue,
  uint8Value,
  uint16sValue,
  uint16Value,
  uint32Value,
  userClassValue,
} from './values.ts';

/** The options that Slipway understands, a row each. Types, names, decoding, encoding and printing derive from the row. */
export const OPTIONS = {
  subnetMask: row(1, 'RFC 2132 3.3', addressValue),
  routers: row(3, 'RFC 2132 3.5', addressesValue),
  dnsServers: row(6, 'RFC 2132 3.8', addressesValue),
  hostname: row(12, 'RFC 2132 3.14', textValue),
  domain: row(15, 'RFC 2132 3.17', textValue),
  interfaceMtu: row(26, 'RFC 2132 5.1', uint16Value),
  broadcastAddress: row(28, 'RFC 2132 5.3', addressValue),
  ntpServers: row(42, 'RFC 2132 8.3', addressesValue),
  vendorSpecific: row(43, 'RFC 2132 8.4', encapsulatedValue),
  requestedAddress: row(50, 'RFC 2132 9.1', addressValue),
  leaseSeconds: row(51, 'RFC 2132 9.2', uint32Value),
  messageType: row(53, 'RFC 2132 9.6', uint8Value),
  serverId: row(54, 'RFC 2132 9.7', addressValue),
  parameterList: row(55, 'RFC 2132 9.8', codesValue),
  errorText: row(56, 'RFC 2132 9.9', textValue),
  maxMessageBytes: row(57, 'RFC 2132 9.10', uint16Value),
  renewalSeconds: row(58, 'RFC 2132 9.11', uint32Value),
  rebindingSeconds: row(59, 'RFC 2132 9.12', uint32Value),
  vendorClass: row(60, 'RFC 2132 9.13', textValue),
  clientId: row(61, 'RFC 2132 9.14', bytesValue),
  tftpServerName: row(66, 'RFC 2132 9.4', textValue),
  bootFileName: row(67, 'RFC 2132 9.5', textValue),
  userClass: row(77, 'RFC 3004', userClassValue),
  relayAgent: row(82, 'RFC 3046', bytesValue),
  clientArch: row(93, 'RFC 4578 2.1', uint16sValue),
  networkInterface: row(94, 'RFC 4578 2.2', bytesValue),
  machineUuid: row(97, 'RFC 4578 2.3', machineUuidValue),
  ipxe: row(175, 'iPXE', encapsulatedValue),
} as const;

export type OptionName = keyof typeof OPTIONS;
export type OptionValue<N extends OptionName> = (typeof OPTIONS)[N] extends OptionRow<infer T> ? T : never;

type OptionRow<T> = { readonly code: number; readonly reference: string; readonly codec: ValueCodec<T> };

/** What was found of an option: an absent one and one that cannot be read are different answers. */
export type Reading<T> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed'; readonly bytes: Uint8Array }
  | { readonly kind: 'value'; readonly value: T };

/** Option 53 (RFC 2132 9.6). */
export const MESSAGE_TYPES = ['discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** The typed view of an option of a message. */
export function readOption<N extends OptionName>(message: DhcpMessage, name: N): Reading<OptionValue<N>> {
  const { code, codec } = rowOf(name);
  const bytes = rawOption(message, code);
  if (bytes === undefined) return { kind: 'absent' };
  const value = codec.decode(bytes);
  return value === undefined ? { kind: 'malformed', bytes } : { kind: 'value', value };
}

/** The value of an option where a malformed one may count as absent: hints that a client need not have sent at all. */
export function hintOf<N extends OptionName>(message: DhcpMessage, name: N): OptionValue<N> | undefined {
  const reading = readOption(message, name);
  return reading.kind === 'value' ? reading.value : undefined;
}

/** An option from its value. */
export function option<N extends OptionName>(name: N, value: OptionValue<N>): RawOption {
  const { code, codec } = rowOf(name);
  return { code, bytes: codec.encode(value) };
}

/** Option 53 as a word; undefined if it is absent or means nothing. */
export function messageTypeOf(message: DhcpMessage): MessageType | undefined {
  return MESSAGE_TYPES[(hintOf(message, 'messageType') ?? 0) - 1];
}

/** Option 53 for a word. */
export function messageTypeOption(type: MessageType): RawOption {
  return option('messageType', MESSAGE_TYPES.indexOf(type) + 1);
}

/** Name and value of a raw option as a person reads them; an unknown or malformed one as hex. */
export function formatOption(raw: RawOption): string {
  const name = namesByCode.get(raw.code);
  if (name === undefined) return `${raw.code} = ${bytesValue.format(raw.bytes)}`;
  if (name === 'messageType') return `53 messageType = ${MESSAGE_TYPES[(raw.bytes[0] ?? 0) - 1] ?? 'unknown'}`;
  return `${raw.code} ${name} = ${formatValue(name, raw.bytes)}`;
}

const namesByCode = new Map(Object.entries(OPTIONS).map(([name, { code }]) => [code, name as OptionName]));

function formatValue<N extends OptionName>(name: N, bytes: Uint8Array): string {
  const { codec } = rowOf(name);
  const value = codec.decode(bytes);
  return value === undefined ? `malformed: ${bytesValue.format(bytes)}` : codec.format(value);
}

function row<T>(code: number, reference: string, codec: ValueCodec<T>): OptionRow<T> {
  return { code, reference, codec };
}

/** The row at the type of its name, which TypeScript cannot follow through an indexed access. */
function rowOf<N extends OptionName>(name: N): OptionRow<OptionValue<N>> {
  return OPTIONS[name] as unknown as OptionRow<OptionValue<N>>;
}

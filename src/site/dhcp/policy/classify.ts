import { macFromBytes } from '../../../kernel/mac.ts';
import type { DhcpMessage } from '../codec/message.ts';
import { rawOption } from '../codec/message.ts';
import { hintOf, OPTIONS, readOption } from '../codec/options.ts';
import { textValue } from '../codec/values.ts';
import { HTTP_ARCHES } from './architectures.ts';
import type { ClientKind, ClientTraits } from './client-kinds.ts';
import { CLIENT_KINDS } from './client-kinds.ts';

const PI_ARCH = 41;
/** MAC prefixes of Raspberry Pi (IEEE registry). */
const PI_MAKERS: ReadonlySet<string> = new Set([
  '28:cd:c1',
  '2c:cf:67',
  'b8:27:eb',
  'd8:3a:dd',
  'dc:a6:32',
  'e4:5f:01',
]);
/** Features that iPXE must have one of in order to start Linux: bzImage and EFI (src/include/ipxe/features.h). */
const STARTS_LINUX = [0x18, 0x24];
/** Where the codes of features lie in option 175; around them are settings. */
const FEATURES = { first: 0x10, last: 0x4f };

const NO_IPXE = { ipxe: false, ipxeFeatures: new Set<number>() } as const;

/** What the options of a request say of its sender. Malformed ones say nothing. */
export function traitsOf(message: DhcpMessage): ClientTraits {
  const vendorClass = hintOf(message, 'vendorClass') ?? '';
  const arches = archesOf(message, vendorClass);
  const isPxeText = vendorClass.startsWith('PXEClient');
  const http = vendorClass.startsWith('HTTPClient') || (!isPxeText && arches.some((arch) => HTTP_ARCHES.has(arch)));
  const pxe = !http && (isPxeText || arches.length > 0);
  return { pxe, http, arches, raspberryPi: pxe && isRaspberryPi(message, arches), ...ipxeTraits(message) };
}

/** The row of the table of client kinds; undefined for firmware that Slipway has no row for. */
export function classify(traits: ClientTraits): ClientKind | undefined {
  return CLIENT_KINDS.find((kind) => kind.recognise(traits));
}

/** Option 93 may be missing, and firmware for ARM is known that leaves it 0; then the text of option 60 is what there is. */
function archesOf(message: DhcpMessage, vendorClass: string): readonly number[] {
  const listed = hintOf(message, 'clientArch') ?? [];
  const inText = archInText(vendorClass);
  return inText !== undefined && listed.every((arch) => arch === 0) ? [inText] : listed;
}

/** `PXEClient:Arch:00007:UNDI:003016`. */
function archInText(vendorClass: string): number | undefined {
  const digits = /^(?:PXE|HTTP)Client:Arch:(\d{5})/.exec(vendorClass)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isRaspberryPi(message: DhcpMessage, arches: readonly number[]): boolean {
  if (arches.includes(PI_ARCH)) return true;
  // UEFI or U-Boot on such a board says what it is.
  if (arches.some((arch) => arch !== 0)) return false;
  const maker = message.hlen === 6 ? macFromBytes(message.chaddr.subarray(0, 6))?.slice(0, 8) : undefined;
  const vendorText = textValue.decode(rawOption(message, OPTIONS.vendorSpecific.code) ?? new Uint8Array());
  return (maker !== undefined && PI_MAKERS.has(maker)) || (vendorText ?? '').includes('Raspberry Pi Boot');
}

/**
 * FlexBoot and other builds do not call themselves iPXE, but all list their features. One that lists features and not
 * those that start Linux is a mere PXE ROM, as some hypervisors have it, and needs a loader like any other.
 */
function ipxeTraits(message: DhcpMessage): Pick<ClientTraits, 'ipxe' | 'ipxeFeatures'> {
  const option = readOption(message, 'ipxe');
  if (option.kind === 'absent' && rawOption(message, OPTIONS.userClass.code) === undefined) return NO_IPXE;
  const isIpxe = option.kind !== 'absent' || (hintOf(message, 'userClass') ?? []).some((text) => /ipxe/i.test(text));
  const codes = option.kind === 'value' ? option.value.map(({ code }) => code) : [];
  const features = codes.filter((code) => code >= FEATURES.first && code <= FEATURES.last);
  const startsLinux = features.length === 0 || features.some((code) => STARTS_LINUX.includes(code));
  return { ipxe: isIpxe && startsLinux, ipxeFeatures: new Set(features) };
}

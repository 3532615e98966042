import type { DhcpMessage } from '../codec/message.ts';
import { hintOf, readOption } from '../codec/options.ts';
import type { ClientKind, ClientTraits } from './client-kinds.ts';
import { CLIENT_KINDS } from './client-kinds.ts';

/** What the options of a request say of its sender. Malformed ones say nothing. */
export function traitsOf(message: DhcpMessage): ClientTraits {
  const vendorClass = hintOf(message, 'vendorClass') ?? '';
  const ipxeOption = readOption(message, 'ipxe');
  const http = vendorClass.startsWith('HTTPClient');
  const arches = hintOf(message, 'clientArch') ?? archInText(vendorClass);
  return {
    pxe: !http && (vendorClass.startsWith('PXEClient') || arches.length > 0),
    http,
    arches,
    // FlexBoot and other builds of iPXE do not call themselves so, but all list their features.
    ipxe: ipxeOption.kind !== 'absent' || (hintOf(message, 'userClass') ?? []).some((text) => /ipxe/i.test(text)),
    ipxeFeatures: new Set(ipxeOption.kind === 'value' ? ipxeOption.value.map(({ code }) => code) : []),
  };
}

/** The row of the table of client kinds; undefined for firmware that Slipway has no row for. */
export function classify(traits: ClientTraits): ClientKind | undefined {
  return CLIENT_KINDS.find((kind) => kind.recognise(traits));
}

/** `PXEClient:Arch:00007:UNDI:003016`: what there is when option 93 is missing or cannot be read. */
function archInText(vendorClass: string): readonly number[] {
  const digits = /^(?:PXE|HTTP)Client:Arch:(\d{5})/.exec(vendorClass)?.[1];
  return digits === undefined ? [] : [Number(digits)];
}

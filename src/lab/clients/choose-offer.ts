import { parseIpv4 } from '../../kernel/ipv4.ts';
import { latin1FromBytes, untilNul } from '../../kernel/latin1.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { ServerMessage } from './dhcp-packet.ts';
import type { SimKind } from './kinds.ts';

/** Where a client's loader, or its script, is to be had. */
export type BootPlace =
  | { readonly kind: 'tftp'; readonly server: string; readonly file: string }
  | { readonly kind: 'http'; readonly url: string }
  /** The boot server has to be asked first, on port 4011. */
  | { readonly kind: 'ask'; readonly server: string };

export type Chosen = {
  /** Whose address it takes. */
  readonly lease: ServerMessage;
  /** undefined: it boots nothing over the network. */
  readonly place: BootPlace | undefined;
  /** Whose boot file it takes; the same as `lease` where one server does both. */
  readonly from: ServerMessage;
};

const NO_ADDRESS = '0.0.0.0';
/** PXE 2.1, tag 43: 6 to 10 make an answer one of PXE 1.0 to EDK2. */
const PXE10_TAGS = new Set([6, 7, 8, 9, 10]);
const DISCOVERY_CONTROL = 6;
/** Bit 3 of tag 6: take the boot file of this answer. */
const USE_THIS_FILE = 8;

/**
 * What a client of this kind takes of the offers that came, as PxeBcDhcp4.c, HttpBootDhcp4.c and iPXE's dhcp.c choose:
 * the first address, and its boot file from there, else from the first server that only boots.
 * @returns the reason in words if it cannot boot from these
 */
export function chooseOffer(kind: SimKind, offers: readonly ServerMessage[]): Result<Chosen, string> {
  const lease = offers.find(({ address }) => address !== NO_ADDRESS);
  if (!lease) return err(offers.length > 0 ? 'nobody gives it an address' : 'no answer');
  if (kind.takes === 'nothing') return ok({ lease, place: undefined, from: lease });
  const helpers = offers.filter(({ address }) => address === NO_ADDRESS);
  // Who speaks PXE to it is taken before who merely names a file.
  const inOrder = [lease, ...helpers, ...offers].filter((offer) => offer === lease || offer.address === NO_ADDRESS);
  for (const from of inOrder) {
    const place = placeOf(kind, from);
    if (place) return ok({ lease, place, from });
  }
  return err('an address, and nothing to boot');
}

/** What one answer names for this kind; undefined: nothing that it takes. */
export function placeOf(kind: SimKind, answer: ServerMessage): BootPlace | undefined {
  switch (kind.takes) {
    case 'nothing':
      return undefined;
    case 'url':
      return textOf(answer, 60).startsWith('HTTPClien') ? urlPlace(fileOf(answer)) : undefined;
    case 'plain-file':
      return plainPlace(answer);
    case 'script':
      return scriptPlace(answer);
    case 'pxe':
      return pxePlace(answer);
  }
}

/** The boot server's own answer on port 4011. */
export function placeOfAck(answer: ServerMessage): BootPlace | undefined {
  return urlPlace(fileOf(answer)) ?? tftpPlace(answer);
}

function pxePlace(answer: ServerMessage): BootPlace | undefined {
  const speaksPxe = textOf(answer, 60).startsWith('PXEClient');
  const tags = tagsOf(answer.options.get(43));
  if (answer.address === NO_ADDRESS && !speaksPxe) return undefined;
  const takesFileHere = ((tags.get(DISCOVERY_CONTROL)?.[0] ?? 0) & USE_THIS_FILE) !== 0;
  const isPxe10 = [...tags.keys()].some((tag) => PXE10_TAGS.has(tag));
  // EDK2: PXEClient without those tags is BINL, which asks on 4011 whatever file stands here.
  if (speaksPxe && !isPxe10) return { kind: 'ask', server: serverOf(answer) };
  return takesFileHere || !speaksPxe ? tftpPlace(answer) : { kind: 'ask', server: serverOf(answer) };
}

/** iPXE takes a proxy only if it says PXEClient, and asks on 4011 only if that names no file. */
function scriptPlace(answer: ServerMessage): BootPlace | undefined {
  const speaksPxe = textOf(answer, 60).startsWith('PXEClient');
  if (answer.address === NO_ADDRESS && !speaksPxe) return undefined;
  const place = urlPlace(fileOf(answer)) ?? tftpPlace(answer);
  if (place) return place;
  return speaksPxe ? { kind: 'ask', server: serverOf(answer) } : undefined;
}

/** Header fields alone: no option 66 or 67 is read. */
function plainPlace({ next, file }: ServerMessage): BootPlace | undefined {
  return file === '' || next === NO_ADDRESS ? undefined : { kind: 'tftp', server: next, file };
}

function tftpPlace(answer: ServerMessage): BootPlace | undefined {
  const file = fileOf(answer);
  return file === '' ? undefined : { kind: 'tftp', server: serverOf(answer), file };
}

function urlPlace(file: string): BootPlace | undefined {
  return /^http:\/\//.test(file) ? { kind: 'http', url: file } : undefined;
}

/** Option 67 goes before `file`, and siaddr before 66 and 54. */
function fileOf(answer: ServerMessage): string {
  return textOf(answer, 67) || answer.file;
}

function serverOf(answer: ServerMessage): string {
  if (answer.next !== NO_ADDRESS) return answer.next;
  return parseIpv4(textOf(answer, 66)) ?? [...answer.server].join('.');
}

function textOf({ options }: ServerMessage, code: number): string {
  return untilNul(latin1FromBytes(options.get(code) ?? new Uint8Array(0)));
}

function tagsOf(bytes: Uint8Array = new Uint8Array(0)): ReadonlyMap<number, Uint8Array> {
  const tags = new Map<number, Uint8Array>();
  for (let at = 0; at + 1 < bytes.length && bytes[at] !== 255; ) {
    const [tag = 0, length = 0] = bytes.subarray(at, at + 2);
    tags.set(tag, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return tags;
}

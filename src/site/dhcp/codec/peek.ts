import { uint32At } from '../../../kernel/bytes.ts';
import { HEADER_BYTES } from './message.ts';
import { MESSAGE_TYPES, OPTIONS } from './options.ts';
import { END, PAD } from './raw-options.ts';

const XID_AT = 4;
const GIADDR_AT = 24;
const CHADDR_AT = 28;
const CHADDR_BYTES = 16;
const DISCOVER = MESSAGE_TYPES.indexOf('discover') + 1;

/**
 * Whether a datagram is a DISCOVER, as far as its own options field says so; whatever is odd about it is none. Reads no more
 * than that takes: under a flood most are never read any further.
 */
export function isDiscover(datagram: Uint8Array): boolean {
  for (let at = HEADER_BYTES; at < datagram.length; ) {
    const code = datagram[at];
    if (code === END) return false;
    if (code === OPTIONS.messageType.code) return datagram[at + 1] === 1 && datagram[at + 2] === DISCOVER;
    at += code === PAD ? 1 : 2 + (datagram[at + 1] ?? 0);
  }
  return false;
}

/** The 16 bytes of chaddr of a datagram that is long enough, one character each. */
export function chaddrOf(datagram: Uint8Array): string {
  let text = '';
  for (let i = CHADDR_AT; i < CHADDR_AT + CHADDR_BYTES; i++) text += String.fromCharCode(datagram[i] ?? 0);
  return text;
}

/** The transaction of a datagram that is long enough. */
export function xidOf(datagram: Uint8Array): number {
  return uint32At(datagram, XID_AT);
}

/** Its giaddr, as a number: 0 if no relay brought it. */
export function giaddrOf(datagram: Uint8Array): number {
  return uint32At(datagram, GIADDR_AT);
}

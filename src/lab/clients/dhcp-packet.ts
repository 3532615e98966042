/** Just enough DHCP for simulated clients, written without the codec that they are to test. */
import { untilNul } from '../../kernel/latin1.ts';

export const TYPES = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6, release: 7 } as const;
const HEADER_BYTES = 240;
const COOKIE = 0x63825363;
/** RFC 2131: the client cannot yet receive unicast. */
const BROADCAST = 0x8000;

export type ClientMessage = {
  readonly type: number;
  readonly xid: number;
  readonly mac: string;
  readonly options?: readonly (readonly [code: number, bytes: Uint8Array])[];
  /** Its own address, where it has one: then it can receive unicast. */
  readonly ciaddr?: string;
  /** Seconds since it began, as firmware counts them. */
  readonly secs?: number;
};

export type ServerMessage = {
  readonly type: number;
  readonly xid: number;
  readonly mac: string;
  readonly address: string;
  readonly server: Uint8Array;
  /** The next server (siaddr), and the file of the header, as text up to its NUL. */
  readonly next: string;
  readonly file: string;
  readonly options: ReadonlyMap<number, Uint8Array>;
};

export function clientPacket({ type, xid, mac, options = [], ciaddr, secs = 0 }: ClientMessage): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.set([1, 1, 6, 0]);
  header.writeUInt32BE(xid, 4);
  header.writeUInt16BE(secs, 8);
  if (ciaddr === undefined) header.writeUInt16BE(BROADCAST, 10);
  else header.set(addressBytes(ciaddr), 12);
  header.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28);
  header.writeUInt32BE(COOKIE, HEADER_BYTES - 4);
  const rows = [[53, Uint8Array.of(type)] as const, ...options].map(([code, bytes]) =>
    Buffer.from([code, bytes.length, ...bytes]),
  );
  return Buffer.concat([header, ...rows, Buffer.from([255])]);
}

/** What a server answered; undefined if it is not an answer of one. */
export function readAnswer(bytes: Buffer): ServerMessage | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 2) return undefined;
  const found = optionsOf(bytes);
  return {
    type: found.get(53)?.[0] ?? 0,
    xid: bytes.readUInt32BE(4),
    mac: (bytes.toString('hex', 28, 34).match(/../g) ?? []).join(':'),
    address: [...bytes.subarray(16, 20)].join('.'),
    server: found.get(54) ?? new Uint8Array(4),
    next: [...bytes.subarray(20, 24)].join('.'),
    file: untilNul(bytes.toString('latin1', 108, 236)),
    options: found,
  };
}

function optionsOf(bytes: Buffer): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = HEADER_BYTES; at < bytes.length && bytes[at] !== 255; ) {
    const code = bytes[at] ?? 0;
    const length = code === 0 ? -1 : (bytes[at + 1] ?? 0);
    if (code !== 0) found.set(code, bytes.subarray(at + 2, at + 2 + length));
    at += length + 2;
  }
  return found;
}

export function addressBytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.'), Number);
}

/** mulberry32: small, and the same on every machine. Gives numbers from 0 up to 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Two lower-case digits for each byte, with `between` between them. Every packet needs a few: hence the table. */
export function hexOf(bytes: Uint8Array, between = ''): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += i === 0 ? HEX[bytes[i] ?? 0] : between + HEX[bytes[i] ?? 0];
  return text;
}

/** Four bytes in network order, as an unsigned number; what is beyond the end counts as zeros. */
export function uint32At(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return ((high << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

/** What was wrong at which place: `need` bytes were wanted at `offset`, `have` were left. */
export type ShortRead = { readonly offset: number; readonly need: number; readonly have: number };

/**
 * A cursor over bytes that remembers its first failure and from then on reads zeros, so that a codec reads a whole
 * header in a row and checks once at the end.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #failure: ShortRead | undefined;

  constructor(bytes: Uint8Array) {
    // Of a Buffer of Node, `slice` would be no copy, and costs several times as much.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get failure(): ShortRead | undefined {
    return this.#failure;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  uint8(): number {
    return this.#take(1) ? this.#view.getUint8(this.#offset - 1) : 0;
  }

  uint16(): number {
    return this.#take(2) ? this.#view.getUint16(this.#offset - 2) : 0;
  }

  uint32(): number {
    return this.#take(4) ? this.#view.getUint32(this.#offset - 4) : 0;
  }

  /** A copy of the next `count` bytes; empty after a failure. */
  bytes(count: number): Uint8Array {
    return this.#take(count) ? this.#bytes.slice(this.#offset - count, this.#offset) : new Uint8Array(0);
  }

  /** As `bytes`, without a copy: good for as long as the bytes that are read stay as they are. */
  view(count: number): Uint8Array {
    return this.#take(count) ? this.#bytes.subarray(this.#offset - count, this.#offset) : new Uint8Array(0);
  }

  #take(count: number): boolean {
    if (this.#failure) return false;
    if (this.remaining < count) {
      this.#failure = { offset: this.#offset, need: count, have: this.remaining };
      return false;
    }
    this.#offset += count;
    return true;
  }
}

/** A growing buffer with a cursor; every method returns the writer, so that a header reads as one sentence. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 576) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  uint16(value: number): this {
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
    return this;
  }

  uint32(value: number): this {
    return this.uint16(value >>> 16).uint16(value);
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** `bytes` followed by zeros up to `width`; the caller has checked that it fits. */
  padded(bytes: Uint8Array, width: number): this {
    this.bytes(bytes).#reserve(width - bytes.length);
    this.#length += width - bytes.length;
    return this;
  }

  /** What was written; without a copy where that is as long as the capacity. The writer is not for use any more. */
  finish(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

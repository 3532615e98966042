const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Cuts a stream of bytes into lines. What comes after the first `maxBytes` of a line is left out: who never sends an end
 * of line costs no more memory than that.
 */
export class Lines {
  readonly #maxBytes: number;
  readonly #line: Uint8Array;
  #length = 0;
  #cut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#line = new Uint8Array(maxBytes);
  }

  /** The lines that `bytes` completes, without their ends; `cut`: it was longer. Empty lines are left out. */
  push(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly cut: boolean }[] {
    const lines: { readonly bytes: Uint8Array; readonly cut: boolean }[] = [];
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      this.#keep(bytes.subarray(from, end));
      const length = this.#line[this.#length - 1] === RETURN ? this.#length - 1 : this.#length;
      if (length > 0) lines.push({ bytes: this.#line.slice(0, length), cut: this.#cut });
      this.#length = 0;
      this.#cut = false;
      from = end + 1;
    }
    this.#keep(bytes.subarray(from));
    return lines;
  }

  #keep(bytes: Uint8Array): void {
    const room = this.#maxBytes - this.#length;
    if (bytes.length > room) this.#cut = true;
    this.#line.set(bytes.subarray(0, room), this.#length);
    this.#length += Math.min(room, bytes.length);
  }
}

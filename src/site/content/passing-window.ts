import { AppError } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { FillPriority } from '../../model/content.ts';
import { createLatch } from './latch.ts';
import { unlessStopped } from './pause.ts';
import { HOLD_BACK_BYTES } from './policy/fill-machine.ts';

/** Somebody who reads a fill. `position`: of the byte that it reads next; all before it are of no use to it any more. */
export type Place = { readonly priority: FillPriority; position: number };

export type PassingDeps = {
  readonly clock: Clock;
  /** All who read it. */
  readonly places: ReadonlySet<Place>;
  /** Aborted when the site stops. */
  readonly signal: AbortSignal;
};

/** Enough for readers of one file that began within a second or two of each other; a few such files are no burden. */
const WINDOW_BYTES = 2 * 1024 * 1024;
/** A reader that takes nothing for so long while another one waits for more is left behind. */
const PATIENCE_MS = 5_000;

/**
 * The part of a file between its source and its readers, in memory, where the disk has no room for it. It moves on when all
 * have read its beginning: so the slowest sets the pace, unless it stands still.
 */
export class PassingWindow {
  readonly #deps: PassingDeps;
  readonly #moved = createLatch();
  #chunks: Uint8Array[] = [];
  #first: number;
  #end: number;

  /** Of a file of which `first` bytes went elsewhere. */
  constructor(first: number, deps: PassingDeps) {
    this.#first = first;
    this.#end = first;
    this.#deps = deps;
  }

  /** The first byte that can still be read here. */
  get first(): number {
    return this.#first;
  }

  /** Resolves when there is place for them and they are taken, or nobody is left to read them. */
  async write(bytes: Uint8Array): Promise<void> {
    const pieceBytes = WINDOW_BYTES / 8;
    for (let done = 0; done < bytes.length; done += pieceBytes) {
      // A source may use its memory again.
      const piece = bytes.slice(done, done + pieceBytes);
      while (this.#isFull(piece.length)) if (!this.#moveOn(this.#slowest())) await this.#waitOrLeaveBehind();
      this.#chunks.push(piece);
      this.#end += piece.length;
    }
  }

  /** Fills `into` as far as it goes. @throws AppError if what is at `position` has passed */
  read(into: Uint8Array, position: number): number {
    if (position < this.#first)
      throw new AppError('asset-unavailable', 'the disk is full, and what this reader waits for has passed');
    let at = this.#first;
    for (const chunk of this.#chunks) {
      if (position < at + chunk.length) {
        const bytes = chunk.subarray(position - at, position - at + into.length);
        into.set(bytes);
        return bytes.length;
      }
      at += chunk.length;
    }
    return 0;
  }

  /** A reader has read on, or is gone. */
  moved(): void {
    this.#moved.open();
  }

  /** The file comes once more from its beginning. */
  restart(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#end = 0;
  }

  #isFull(moreBytes: number): boolean {
    const { places, signal } = this.#deps;
    return this.#end + moreBytes - this.#first > WINDOW_BYTES && places.size > 0 && !signal.aborted;
  }

  #slowest(): number {
    return Math.min(...[...this.#deps.places].map(({ position }) => position));
  }

  #moveOn(upTo: number): boolean {
    let hasMoved = false;
    for (let chunk = this.#chunks[0]; chunk && this.#first + chunk.length <= upTo; chunk = this.#chunks[0]) {
      this.#chunks.shift();
      this.#first += chunk.length;
      hasMoved = true;
    }
    return hasMoved;
  }

  async #waitOrLeaveBehind(): Promise<void> {
    const slowest = this.#slowest();
    const { clock, places, signal } = this.#deps;
    let isLate = false;
    const cancel = clock.after(PATIENCE_MS, () => {
      isLate = true;
      this.#moved.open();
    });
    await unlessStopped(this.#moved.next(), signal);
    cancel();
    if (!isLate || this.#slowest() > slowest) return;
    // The last of a file is held back until its digest is right, so nobody could be further than that.
    const isAwaited = [...places].some(({ position }) => position >= this.#end - HOLD_BACK_BYTES);
    if (isAwaited) this.#moveOn(this.#first + (this.#chunks[0]?.length ?? 0));
  }
}

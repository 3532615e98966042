import type { CommandAnswer } from '../../model/commands.ts';
import type { Step } from './policy/reduce.ts';

/** A signal or a command that is not on disk yet; `settle` belongs to somebody who waits for that. */
export type Waiting = {
  readonly step: Step;
  readonly tries: number;
  readonly settle?: { readonly resolve: (answer?: CommandAnswer) => void; readonly reject: (error: Error) => void };
};

/** More than a store of a few hundred machines says in a minute. */
const MAX_WAITING = 10_000;

/** The signals that wait for the disk. Bounded: the oldest bar of progress goes first, then the oldest signal. */
export class WaitingLine {
  #waiting: Waiting[] = [];
  #dropped = 0;

  get length(): number {
    return this.#waiting.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  add(entry: Waiting): void {
    this.#waiting.push(entry);
    this.#bound();
  }

  takeAll(): readonly Waiting[] {
    return this.#waiting.splice(0);
  }

  /** Puts signals of a failed batch back before those that came after them. */
  putBack(entries: readonly Waiting[]): void {
    this.#waiting.unshift(...entries);
    this.#bound();
  }

  /** Who waits for an answer is never dropped; there are as many of those as open requests. */
  #bound(): void {
    while (this.#waiting.length > MAX_WAITING) {
      const progress = this.#waiting.findIndex(
        ({ step, settle }) => !settle && 'signal' in step && step.signal.kind === 'asset',
      );
      const index = progress >= 0 ? progress : this.#waiting.findIndex(({ settle }) => !settle);
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      this.#dropped += 1;
    }
  }
}

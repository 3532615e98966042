import { Memo } from '../../../kernel/memo.ts';

const FOR_MS = 15_000;
const MOST = 10_000;

/**
 * What upstreams do not have, remembered for a quarter of a minute: clients that ask in a loop for an image that is not
 * there cost no WAN. Short, because an image that has just been pushed must be found at the next try.
 */
export class NegativeCache {
  readonly #until = new Memo<number>(MOST);

  /** `now` in milliseconds of a clock that never jumps. */
  add(key: string, now: number): void {
    this.#until.set(key, now + FOR_MS);
  }

  has(key: string, now: number): boolean {
    return now < (this.#until.get(key) ?? Number.NEGATIVE_INFINITY);
  }
}

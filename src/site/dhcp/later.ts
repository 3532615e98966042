import type { Cancel, Clock } from '../../kernel/ports.ts';

/** How many answers may wait for their time; what comes beyond that is done at once. */
const MAX_LATER = 256;

/** What is done a while later, once for each name: who asks again meanwhile does not get two answers. */
export class Later {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Cancel>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `run` after `delayMs`; not at all if something of that name waits already. */
  do(name: string, delayMs: number, run: () => void): void {
    if (this.#pending.has(name)) return;
    if (this.#pending.size >= MAX_LATER) {
      run();
      return;
    }
    const cancel = this.#clock.after(delayMs, () => {
      this.#pending.delete(name);
      run();
    });
    this.#pending.set(name, cancel);
  }

  /** Forgets what waits. */
  clear(): void {
    for (const cancel of this.#pending.values()) cancel();
    this.#pending.clear();
  }
}

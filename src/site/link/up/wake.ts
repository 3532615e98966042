import type { Clock } from '../../../kernel/ports.ts';

/** A wait that others can end. */
export class Wake {
  readonly #clock: Clock;
  #end: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the wait that is going on. */
  now(): void {
    this.#end?.();
  }

  /** Resolves after `ms`, when somebody wakes it, or when `signal` is aborted. One wait at a time. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        this.#end = undefined;
        resolve();
      };
      const cancel = this.#clock.after(Math.max(0, ms), end);
      this.#end = end;
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}

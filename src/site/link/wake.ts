import type { Clock } from '../../kernel/ports.ts';

/** Waiting that a word from outside ends. A word that comes while nobody waits ends the next wait. */
export class Wake {
  #isCalled = false;
  #end: () => void = () => undefined;

  call(): void {
    this.#isCalled = true;
    this.#end();
  }

  /** true: called before the time was over. `ms` undefined: only a call ends it. */
  wait(clock: Pick<Clock, 'after'>, ms: number | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = ms === undefined ? () => undefined : clock.after(ms, () => this.#end());
      this.#end = () => {
        cancel();
        this.#end = () => undefined;
        const wasCalled = this.#isCalled;
        this.#isCalled = false;
        resolve(wasCalled);
      };
      if (this.#isCalled) this.#end();
    });
  }
}

/** What `work` comes to; undefined: it is over before, and what comes of it concerns nobody any more. */
export function untilOver<T>(over: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const end = (): void => resolve(undefined);
    if (over.aborted) end();
    over.addEventListener('abort', end, { once: true });
    work.then(resolve, reject).finally(() => over.removeEventListener('abort', end));
  });
}

/** Wakes everybody who waits, again and again. */
export type Latch = {
  /** Resolves at the next `open`. */
  next(): Promise<void>;
  open(): void;
};

export function createLatch(): Latch {
  let waiting = Promise.withResolvers<void>();
  let isAwaited = false;
  return {
    next: () => {
      isAwaited = true;
      return waiting.promise;
    },
    open: () => {
      if (!isAwaited) return;
      isAwaited = false;
      waiting.resolve();
      waiting = Promise.withResolvers<void>();
    },
  };
}

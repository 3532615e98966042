/** One who wants to pass. */
export type Ticket = {
  /** Resolves when it may begin. */
  readonly passed: Promise<void>;
  /** Begins now, without a place: somebody stands there and waits. */
  hurry(): void;
  /** At the end, and also if it never passed. */
  leave(): void;
};

type Waiting = { readonly urgency: () => number; readonly pass: () => void };

export type Turnstile = { enter(urgency: () => number): Ticket };

/** Lets so many pass at a time; the others wait, the lowest `urgency` first, and then in the order in which they came. */
export function createTurnstile(places: number): Turnstile {
  const waiting = new Set<Waiting>();
  let free = places;

  const passNext = (): void => {
    const [first, ...others] = waiting;
    if (!first) free++;
    else others.reduce((best, other) => (other.urgency() < best.urgency() ? other : best), first).pass();
  };

  return {
    enter: (urgency) => {
      const { promise: passed, resolve } = Promise.withResolvers<void>();
      let hasPlace = false;
      const me: Waiting = {
        urgency,
        pass: () => {
          hasPlace = true;
          waiting.delete(me);
          resolve();
        },
      };
      waiting.add(me);
      if (free > 0) {
        free--;
        me.pass();
      }
      return {
        passed,
        hurry: () => {
          waiting.delete(me);
          resolve();
        },
        leave: () => {
          waiting.delete(me);
          if (hasPlace) passNext();
          hasPlace = false;
        },
      };
    },
  };
}

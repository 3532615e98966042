import { AppError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/ports.ts';
import { FREEZE } from '../model/order.ts';
import type { Store } from '../model/store.ts';
import type { FreezeBody, FreezeView } from '../wire/api/revision.ts';
import { freezeAt, parseUntil } from './link/policy/freeze.ts';

/** Keeps revisions from coming into force for a while: "trading until 20:00". */
export interface Freezer {
  now(): FreezeView | undefined;
  /** On disk when it resolves, and what it comes to in a sentence. Rejects with `usage-invalid`. */
  freeze(body: FreezeBody, by: string): Promise<string>;
  thaw(by: string): Promise<string>;
}

export function createFreezer({ store, clock }: { readonly store: Store; readonly clock: Clock }): Freezer {
  const current = (): FreezeView | undefined => {
    const mark = freezeAt(store.state.marks, clock.now());
    if (!mark) return undefined;
    const { until, by, because } = mark;
    return { until, by, ...(because === undefined ? {} : { because }) };
  };
  return {
    now: current,
    freeze: async ({ until: text, because }, by) => {
      const at = clock.now();
      const until = parseUntil(text, at, sinceMidnight(new Date(at)));
      if (!until.ok) throw new AppError('usage-invalid', until.error);
      const why = because === undefined ? '' : `: ${because}`;
      const sentence = `No revision comes into force until ${storeTime(until.value)}${why}. Orders and boots go on.`;
      const mark = { at, by, until: until.value, ...(because === undefined ? {} : { because }) };
      const event = { type: 'site-frozen', at, sentence, data: { until: until.value, by } } as const;
      await store.commit([{ table: 'marks', key: FREEZE, row: mark }], [event]);
      return sentence;
    },
    thaw: async (by) => {
      if (!current()) return 'There is no freeze.';
      const sentence = 'The freeze is over: revisions may come into force.';
      const event = { type: 'site-thawed', at: clock.now(), sentence, data: { by } } as const;
      await store.commit([{ table: 'marks', key: FREEZE, row: null }], [event]);
      return sentence;
    },
  };
}

/** As a clock on the wall of the store shows it. */
function storeTime(at: number): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

function sinceMidnight(date: Date): number {
  return ((date.getHours() * 60 + date.getMinutes()) * 60 + date.getSeconds()) * 1_000 + date.getMilliseconds();
}

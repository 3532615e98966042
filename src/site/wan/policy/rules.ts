import type { WanRules, WanWindow } from '../../../model/wan.ts';

/** What holds on the line at one moment. */
export type WanNow = {
  /** Missing: as fast as it is. */
  readonly bytesPerSecond?: number;
  /** Whether what nobody waits for may be fetched. */
  readonly prefetch: boolean;
};

/** The store's calendar at a moment. `month` is such as `2026-11`. */
export type StoreTime = { readonly day: number; readonly minute: number; readonly month: string };

const WEEK = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const DAY_MINUTES = 24 * 60;

/** Making a formatter costs a hundred times what using it does, and using it more than all else that is done for a piece of a file. */
const zones = new Map<
  string,
  { readonly format: Intl.DateTimeFormat; readonly atMinute: number; readonly time: StoreTime }
>();

/** @param atMs milliseconds since 1970 */
export function storeTime(timeZone: string, atMs: number): StoreTime {
  const atMinute = Math.floor(atMs / 60_000);
  const known = zones.get(timeZone);
  if (known?.atMinute === atMinute) return known.time;
  const format = known?.format ?? new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...PARTS });
  const time = readTime(format, atMs);
  zones.set(timeZone, { format, atMinute, time });
  return time;
}

function readTime(format: Intl.DateTimeFormat, atMs: number): StoreTime {
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? '';
  return {
    day: WEEK.indexOf(part('weekday')),
    minute: Number(part('hour')) * 60 + Number(part('minute')),
    month: `${part('year')}-${part('month')}`,
  };
}

const PARTS = { weekday: 'short', year: 'numeric', month: '2-digit', hour: '2-digit', minute: '2-digit' } as const;

/** The rules that hold now: those of the first window that does, else those of the whole day. */
export function rulesNow(rules: WanRules, at: StoreTime, usedBytes: number): WanNow {
  const window = rules.windows.find((one) => holds(one, at));
  const bytesPerSecond = window?.bytesPerSecond ?? rules.bytesPerSecond;
  const isSpent = rules.monthlyBytes !== undefined && usedBytes >= rules.monthlyBytes;
  return {
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    prefetch: (window?.prefetch ?? true) && !isSpent,
  };
}

/** A window that ends before it begins goes on over midnight, and then belongs to the day on which it began. */
function holds({ days, fromMinute, toMinute }: WanWindow, { day, minute }: StoreTime): boolean {
  const length = (toMinute - fromMinute + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const sinceToday = minute - fromMinute;
  if (sinceToday >= 0) return sinceToday < length && days.includes(day);
  return sinceToday + DAY_MINUTES < length && days.includes((day + 6) % 7);
}

/**
 * When a site begins to fetch what a revision wants, counted from when it has the revision: another moment for each site
 * and revision, the same one whenever it is asked.
 * @returns milliseconds below `spreadSeconds`
 */
export function startDelayMs(site: string, revision: string, spreadSeconds: number): number {
  return Math.floor((fnv1a(`${site}\n${revision}`) / 2 ** 32) * spreadSeconds * 1_000);
}

/** FNV-1a, 32 bits: spreads names evenly, and is the same everywhere. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  // Its high bits alone hardly differ between names that differ in their last letter.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

import { parseDuration } from '../../../kernel/duration.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';
import { FREEZE, type Mark } from '../../../model/order.ts';

/** A freeze that nobody ends keeps a store from what head office mends. */
const MOST_MS = 7 * 86_400_000;
/** What NTP may take back without a person noticing. */
const CLOCK_SLACK_MS = 5 * 60_000;
const DAY_MS = 86_400_000;

/**
 * When `20:00`, or `2h` from now on, is. `sinceMidnightMs` is the time of day on the store's own clock.
 * Fails with a sentence.
 */
export function parseUntil(text: string, now: number, sinceMidnightMs: number): Result<number, string> {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  const duration = parseDuration(text);
  if (!clock && (duration === undefined || duration === 0))
    return err(`expected a time of day such as 20:00, or how long, such as 2h; found ${JSON.stringify(text)}`);
  if (!clock) return (duration ?? 0) > MOST_MS ? err('a freeze lasts seven days at most') : ok(now + (duration ?? 0));
  const wanted = (Number(clock[1]) * 60 + Number(clock[2])) * 60_000;
  const ahead = wanted - sinceMidnightMs;
  return ok(now + (ahead > 0 ? ahead : ahead + DAY_MS));
}

/** The freeze that holds now. A clock that is set back before its beginning counts as over: it would have no end. */
export function freezeAt(
  marks: ReadonlyMap<string, Mark>,
  now: number,
): (Mark & { readonly until: number }) | undefined {
  const mark = marks.get(FREEZE);
  if (mark?.until === undefined || now >= mark.until || now < mark.at - CLOCK_SLACK_MS) return undefined;
  return { ...mark, until: mark.until };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time as one says it: `40 s`, `4 min`, `3 h 5 min`, `2 days`. */
export function howLong(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return withRest(Math.floor(ms / HOUR), Math.floor((ms % HOUR) / MINUTE));
  const days = Math.floor(ms / DAY);
  return days === 1 ? '1 day' : `${days} days`;
}

function withRest(hours: number, minutes: number): string {
  return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
}

/** The time of day, `14:03`, in the time zone of the phone. */
export function clockTime(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** The day, as one says it on the day `now`: `Today`, `Yesterday`, `Friday, 20 November`. */
export function dayOf(at: number, now: number): string {
  const date = new Date(at);
  const daysAgo = Math.round((midnight(now) - midnight(at)) / DAY);
  if (daysAgo === 0) return 'Today';
  if (daysAgo === 1) return 'Yesterday';
  return `${WEEKDAYS[date.getDay()]}, ${date.getDate()} ${MONTHS[date.getMonth()]}`;
}

/** `since 14:03 (4 min)`, with the day if it was another one; `since 14:03` for the first minute. */
export function sinceWhen(at: number, now: number): string {
  const day = dayOf(at, now);
  const when = day === 'Today' ? clockTime(at) : `${day === 'Yesterday' ? 'yesterday' : day}, ${clockTime(at)}`;
  return now - at < MINUTE ? `since ${when}` : `since ${when} (${howLong(now - at)})`;
}

function midnight(at: number): number {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

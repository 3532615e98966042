/** How fast sites may report. */
export type PaceSettings = {
  /** A site may send so many events at once after a quiet time, … */
  readonly burstEvents: number;
  /** … and so many in the long run. */
  readonly eventsPerSecond: number;
  /** So many reports at once make nobody wait. */
  readonly easyReports: number;
  /** More at once are turned away. */
  readonly maxReports: number;
};
export const PACE: PaceSettings = { burstEvents: 5_000, eventsPerSecond: 20, easyReports: 16, maxReports: 200 };
const PAUSE_PER_REPORT_MS = 50;
const LONGEST_PAUSE_MS = 60_000;

/** What a site may still send, at a time. Below nothing it is to wait. */
export type Allowance = { readonly events: number; readonly at: number };

/** What is left after `count` events at `now`, in ms of a clock that does not jump. */
export function spend(
  before: Allowance | undefined,
  count: number,
  now: number,
  { burstEvents, eventsPerSecond }: PaceSettings,
): Allowance {
  const earned = before ? ((now - before.at) / 1_000) * eventsPerSecond : burstEvents;
  return { events: Math.min(burstEvents, (before?.events ?? 0) + earned) - count, at: now };
}

/** A site that sent twice what it may does not wait when it is told to. */
export function isDeaf({ events }: Allowance, { burstEvents }: PaceSettings): boolean {
  return events < -burstEvents;
}

/** How long a site is to wait before its next report, while `inWork` reports of all sites are in work. */
export function pauseFor(left: Allowance, inWork: number, settings: PaceSettings): number {
  const debt = Math.max(0, -left.events / settings.eventsPerSecond) * 1_000;
  const crowd = Math.max(0, inWork - settings.easyReports) * PAUSE_PER_REPORT_MS;
  return Math.round(Math.min(LONGEST_PAUSE_MS, debt + crowd));
}

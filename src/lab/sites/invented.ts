import type { Random } from '../../kernel/ports.ts';
import type { Event } from '../../wire/link/gen/link.ts';

/** What a simulated store has. */
export const SLOTS = ['pos-1', 'pos-2', 'pos-3', 'kiosk-1', 'server-1'] as const;
/** A machine that is switched on and comes up: what one start of it says. */
const START = [
  ['boot-opened', 'was switched on'],
  ['boot-stage', 'fetches its system'],
  ['boot-stage', 'its system runs'],
  ['boot-closed', 'runs from memory'],
] as const;

/** The n-th event of a store, from 0 on: first each slot is enrolled once, then machines are started in turn. */
export function inventEvent(n: number, atMs: number): Event {
  const slot = SLOTS[n % SLOTS.length] ?? SLOTS[0];
  const [type, what] =
    n < SLOTS.length ? ['node-enrolled', 'is enrolled'] : (START[(n - SLOTS.length) % START.length] ?? START[0]);
  return {
    ...{ type, atMs: BigInt(atMs), sentence: `${slot} ${what}`, machine: `m-${slot}`, slot, boot: `b${n}`, schema: 1 },
    data: JSON.stringify({ simulated: true, binding: 1 }),
  };
}

/** How many of the first `count` events are enrolments. */
export function enrolmentsIn(count: number): number {
  return Math.min(count, SLOTS.length);
}

/** When the next event happens, `perMinute` of them on the average. */
export function nextEventMs(perMinute: number, random: Random): number {
  return perMinute <= 0 ? Number.POSITIVE_INFINITY : (random.unit() * 2 * 60_000) / perMinute;
}

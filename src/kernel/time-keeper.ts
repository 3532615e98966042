import type { Clock } from './ports.ts';

/** How far the time is to be trusted: what the machine shows, or what head office signed. */
export type TimeQuality = 'machine' | 'hub';

/**
 * The time that decisions use. `now` is the machine's clock plus what head office's signed time showed it to be off, and never
 * lies before the last good time that was written down.
 */
export interface TimeKeeper extends Clock {
  readonly quality: TimeQuality;
  /** Head office's time minus the machine's, in ms; 0 while nothing better is known. */
  readonly offsetMs: number;
  /** Head office's time was `hubTimeMs` at this moment, within `uncertaintyMs`. */
  learn(hubTimeMs: number, uncertaintyMs: number): void;
}

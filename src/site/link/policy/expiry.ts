import { type ExpiryAlarm, expiryAlarm } from '../../../model/fleet/validity.ts';
import type { Validity } from '../../../model/fleet/x509.ts';

/** An alarm is shown for a day: one that still holds is told again before it is over. */
const AGAIN_MS = 23 * 3_600_000;

export type ExpiryTold = { readonly part: ExpiryAlarm; readonly at: number };

/** What is to be told now of a certificate that was not renewed in time, if anything. `told`: the last time. */
export function dueExpiryAlarm(validity: Validity, told: ExpiryTold | undefined, now: number): ExpiryAlarm | undefined {
  const part = expiryAlarm(validity, now);
  if (part === undefined) return undefined;
  // Told at a later time than now: the clock was set back, and nobody has heard it by this one.
  const isTold = told !== undefined && part >= told.part && now >= told.at && now - told.at < AGAIN_MS;
  return isTold ? undefined : part;
}

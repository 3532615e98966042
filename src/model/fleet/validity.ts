import type { Validity } from './x509.ts';

const DAY_MS = 86_400_000;
/** So long is a certificate good that is not a root. */
export const LEAF_MS = 90 * DAY_MS;
/** It begins so long before it was issued: a clock that lies a little makes nobody a stranger. */
export const BACKDATED_MS = 2 * DAY_MS;
export const ROOT_MS = 20 * 365 * DAY_MS;

/** Of a certificate that is issued at `now`. */
export function leafValidity(now: number): Validity {
  return { notBefore: wholeSecond(now - BACKDATED_MS), notAfter: wholeSecond(now + LEAF_MS) };
}

export function rootValidity(now: number): Validity {
  return { notBefore: wholeSecond(now - BACKDATED_MS), notAfter: wholeSecond(now + ROOT_MS) };
}

/** From a third of its life on there is a new one to be had: two thirds are left for a WAN that is down. */
export function isDueForRenewal(validity: Validity, now: number): boolean {
  return lifeLeft(validity, now) <= 2 / 3;
}

/** The part of its life that is left, from 1 to 0. What it was backdated by is no part of it. */
export function lifeLeft({ notBefore, notAfter }: Validity, now: number): number {
  const begin = Math.min(notBefore + BACKDATED_MS, notAfter);
  return notAfter === begin ? 0 : Math.max(0, Math.min(1, (notAfter - now) / (notAfter - begin)));
}

/** At these parts of its life somebody is told that a certificate was not renewed. */
export const EXPIRY_ALARMS = [0.5, 0.25, 0.1, 0] as const;
export type ExpiryAlarm = (typeof EXPIRY_ALARMS)[number];

/** The most pressing of EXPIRY_ALARMS that was reached. */
export function expiryAlarm(validity: Validity, now: number): ExpiryAlarm | undefined {
  const left = lifeLeft(validity, now);
  return EXPIRY_ALARMS.findLast((part) => left <= part);
}

/** X.509 knows no smaller unit. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}

import { DOCUMENT_NAMES, type DocumentName } from '../../../model/revision.ts';

/**
 * Whether a client asks again at a 503 of its user-data, and takes everything else for the last word. That is Talos,
 * which a 404, an empty answer or a #cloud-config sends into maintenance; it says only that it is written in Go.
 */
export function asksAgain(userAgent: string | undefined): boolean {
  return /^Go-http-client\//.test(userAgent ?? '');
}

/** Documents that are one file each, under `/documents/<id>/`; the others make up a NoCloud seed. */
export const FORMATS = ['talos', 'ignition', 'preseed', 'kickstart'] as const satisfies readonly DocumentName[];
export type Format = (typeof FORMATS)[number];

export function isFormat(name: string): name is Format {
  return FORMATS.some((format) => format === name);
}

export function isDocumentName(name: string): name is DocumentName {
  return DOCUMENT_NAMES.some((one) => one === name);
}

/**
 * Why there is no document now. `pending`: its machine has no slot yet, or the site is starting. `unknown`: the id is
 * nobody's, or the slot has no such document. `closed`: it would begin an install that nobody ordered.
 */
export type Lack = 'pending' | 'unknown' | 'closed';

/**
 * The status that each client survives.
 * Talos tries again at everything, for hours. Ignition tries again for ever at 500 and more, and ends in an emergency
 * shell at 404. The Debian installer asks once, and then asks the person at the screen: so it is told at once. Anaconda's
 * curl tries three times at 503, and takes 4xx for final.
 */
export const STATUS_OF: Readonly<Record<Format, Readonly<Record<Lack, number>>>> = {
  talos: { pending: 503, unknown: 404, closed: 503 },
  ignition: { pending: 503, unknown: 503, closed: 503 },
  preseed: { pending: 404, unknown: 404, closed: 404 },
  kickstart: { pending: 503, unknown: 404, closed: 403 },
};

/** What the body says: Talos shows the first 32 bytes of it on its console. */
export const WORDS_OF: Readonly<Record<Lack, string>> = {
  pending: 'waiting: no slot for it yet',
  unknown: 'unknown: nothing here for it',
  closed: 'no install is ordered for it',
};

import type { TransferOutcome } from './policy/transfer.ts';

/** What happened since the start; `active` is now. `error` counts what is in `notFound` too. */
export type TftpCounters = Readonly<Counts> & { readonly active: number };

type Counts = Record<
  'requests' | 'malformed' | 'refused' | 'notFound' | 'dropped' | 'bytesSent' | TransferOutcome,
  number
>;

export function createCounters(): Counts {
  const outcomes = { done: 0, probe: 0, timeout: 0, error: 0 };
  return { requests: 0, malformed: 0, refused: 0, notFound: 0, dropped: 0, bytesSent: 0, ...outcomes };
}

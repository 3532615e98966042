/** What a registry says of how much it wants to be asked. */
export type Pace = {
  readonly status: number;
  /** From `Retry-After`, if there was one that could be read. */
  readonly retryAfterMs?: number | undefined;
};

/** How much a registry still gives: Docker Hub's `ratelimit-limit` and `ratelimit-remaining`. */
export type Quota = { readonly limit: number; readonly remaining: number };

const LEAST_MS = 1_000;
const DEFAULT_MS = 30_000;
/** Some say a day. A store asks again sooner: the limit may be that of an address which others share. */
const LONGEST_MS = 600_000;

/** How long to leave a registry alone after an answer, in milliseconds; 0: not at all. RFC 9110 section 10.2.3, RFC 6585 section 4. */
export function pauseMs({ status, retryAfterMs }: Pace): number {
  if (status !== 429 && !(status === 503 && retryAfterMs !== undefined)) return 0;
  return Math.min(LONGEST_MS, Math.max(LEAST_MS, retryAfterMs ?? DEFAULT_MS));
}

/** Reads `100;w=21600`; undefined where either is missing, as it is for who pays. */
export function parseQuota(limit: string | undefined, remaining: string | undefined): Quota | undefined {
  const [most, left] = [limit, remaining].map((text) => Number(/^\s*(\d{1,9})\s*(?:;|$)/.exec(text ?? '')?.[1]));
  if (most === undefined || left === undefined || Number.isNaN(most) || Number.isNaN(left)) return undefined;
  return { limit: most, remaining: left };
}

/**
 * Why a registry shall not be asked for what no machine waits for; undefined: it may be. Its last tenth is for machines:
 * what is fetched ahead of need can be fetched later.
 */
export function whyNotPrefetch(quota: Quota | undefined): string | undefined {
  if (quota === undefined || quota.remaining > quota.limit / 10) return undefined;
  return `its registry gives only ${quota.remaining} more of ${quota.limit}, which are for machines that wait`;
}

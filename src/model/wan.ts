/** How the line is shared; part of a revision, so that a new one changes it without a restart. */
export type WanRules = {
  /** Of all downloads together; missing: as fast as the line is. */
  readonly bytesPerSecond?: number;
  /** The first that holds the moment counts; in none of them `bytesPerSecond` does. */
  readonly windows: readonly WanWindow[];
  /** The IANA time zone of the store. */
  readonly timeZone: string;
  /** Sites begin to fetch what a new revision wants at moments of their own, over so long a time. */
  readonly spreadSeconds: number;
  /** What prefetches may take in a month of the store's calendar; machines and clients get theirs all the same. */
  readonly monthlyBytes?: number;
};

export type WanWindow = {
  /** Days of the week on which it begins, 0 for Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight; a window whose end is not after its begin ends on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly bytesPerSecond?: number;
  /** false: nothing is prefetched in it. */
  readonly prefetch: boolean;
};

export const NO_WAN_RULES: WanRules = { windows: [], timeZone: 'UTC', spreadSeconds: 0 };

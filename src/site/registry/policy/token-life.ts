/** What makes two tokens the same. */
export type TokenKey = {
  readonly realm: string;
  readonly service?: string;
  readonly scopes: readonly string[];
  /** Tokens of other credentials open other doors. */
  readonly user?: string;
};

/** Docker's "Token Authentication Specification": a service that says nothing means a minute. */
const DEFAULT_SECONDS = 60;
/** No token is used for longer, whatever its service says: its account may be closed. */
const LONGEST_SECONDS = 3_600;
const MARGIN_MS = 10_000;

export function formatTokenKey({ realm, service, scopes, user }: TokenKey): string {
  return JSON.stringify([realm, service ?? null, [...scopes].sort(), user ?? null]);
}

/**
 * Until when a token is used, in milliseconds of the clock that `asksAt` is of: the moment when it was asked for, since
 * its life began after that. The margin is for the request that carries it, and smaller for tokens that live shortly.
 */
export function tokenUntil(asksAt: number, expiresInSeconds: number | undefined): number {
  const said = expiresInSeconds !== undefined && expiresInSeconds > 0 ? expiresInSeconds : DEFAULT_SECONDS;
  const lifeMs = Math.min(said, LONGEST_SECONDS) * 1_000;
  return asksAt + lifeMs - Math.min(MARGIN_MS, lifeMs / 4);
}

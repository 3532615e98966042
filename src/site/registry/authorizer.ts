import type { Clock } from '../../kernel/ports.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Reach } from './addresses.ts';
import { type BearerChallenge, bearerOf, offersBasic, parseChallenges } from './codec/challenge.ts';
import { parseTokenAnswer } from './codec/token-answer.ts';
import { type Exchange, readBody } from './exchange.ts';
import { CallFailed, failureOf, unreachable, wrong } from './failures.ts';
import { isRealmAllowed } from './policy/realm.ts';
import { formatTokenKey, tokenUntil } from './policy/token-life.ts';

/** What a site shows to an upstream. It comes from the site's secrets when it is needed, and stands in no log and no error. */
export type Credentials = { readonly user: string; readonly password: string };

export type AuthorizerPorts = {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly registry: URL;
  /** Hosts that may be token services though they are of another domain. */
  readonly tokenHosts: readonly string[];
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly reach: Reach;
};

const MOST_TOKENS = 1_000;
const TOKEN_BYTES = 64 * 1024;
const TOKEN_MS = 10_000;

/** Finds what to show to a registry. `about` names what tokens are for: a repository. */
export interface Authorizer {
  /** What was good the last time; undefined if nothing was asked for yet. */
  ready(about: string, signal: AbortSignal): Promise<string | undefined>;
  /** What to show after a 401, instead of `shown`; undefined if there is nothing that could help. */
  renew(about: string, header: string, shown: string | undefined, signal: AbortSignal): Promise<string | undefined>;
}

type Way = { readonly kind: 'basic' } | { readonly kind: 'bearer'; readonly challenge: BearerChallenge };
type Token = { readonly header: string; readonly until: number };

export function createAuthorizer(ports: AuthorizerPorts): Authorizer {
  const { clock } = ports;
  const ways = new Map<string, Way>();
  const tokens = new Map<string, Token>();
  const asking = new Map<string, Promise<Result<Token, CallFailed>>>();

  async function credentialsNow(): Promise<Credentials | undefined> {
    try {
      return await ports.credentials();
    } catch (cause) {
      throw new CallFailed({ kind: 'refused', because: 'the credentials for it cannot be read here' }, { cause });
    }
  }

  async function showBasic(): Promise<string | undefined> {
    const credentials = await credentialsNow();
    return credentials && basicOf(credentials);
  }

  async function showBearer(challenge: BearerChallenge, refused: string | undefined): Promise<string> {
    const credentials = await credentialsNow();
    const key = formatTokenKey({ ...challenge, ...(credentials ? { user: basicOf(credentials) } : {}) });
    const known = tokens.get(key);
    if (known && known.header !== refused && clock.monotonic() < known.until) return known.header;
    const token = await askOnce(key, challenge, credentials);
    if (!token.ok) throw token.error;
    return token.value.header;
  }

  /** However many wait for a token, it is asked for once; who gives up waiting takes it from nobody. */
  function askOnce(key: string, challenge: BearerChallenge, credentials: Credentials | undefined) {
    const running = asking.get(key);
    if (running) return running;
    const started = fetchToken(challenge, credentials, ports).then(
      (token) => {
        keep(tokens, key, token, MOST_TOKENS);
        return ok(token);
      },
      (thrown: unknown) => err(new CallFailed(failureOf(thrown), { cause: thrown })),
    );
    asking.set(key, started);
    return started.finally(() => asking.delete(key));
  }

  async function show(way: Way, refused: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    const header = way.kind === 'basic' ? showBasic() : showBearer(way.challenge, refused);
    return await orAborted(header, signal);
  }

  return {
    ready: async (about, signal) => {
      const way = ways.get(about);
      return way && (await show(way, undefined, signal));
    },
    renew: async (about, header, shown, signal) => {
      const way = wayOf(header);
      if (!way) return undefined;
      keep(ways, about, way, MOST_TOKENS);
      const next = await show(way, shown, signal);
      return next === shown ? undefined : next;
    },
  };
}

async function fetchToken(
  challenge: BearerChallenge,
  credentials: Credentials | undefined,
  { exchange, clock, registry, tokenHosts, reach }: AuthorizerPorts,
): Promise<Token> {
  const url = URL.parse(challenge.realm);
  if (!url || !isRealmAllowed(registry, url, tokenHosts))
    throw wrong(`names ${url?.host || 'something unreadable'} as its token service, which the template does not allow`);
  for (const scope of challenge.scopes) url.searchParams.append('scope', scope);
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  const asksAt = clock.monotonic();
  const headers: Record<string, string> = credentials ? { authorization: basicOf(credentials) } : {};
  const signal = new AbortController().signal;
  const outgoing = { method: 'GET', url, headers, headersMs: TOKEN_MS, signal, isAllowed: reach.mayLeadTo } as const;
  const { response, status } = await exchange.send(outgoing);
  const body = await readBody(response, { maxBytes: TOKEN_BYTES, mostMs: TOKEN_MS }, clock);
  const host = url.host;
  if (status === 401 || status === 403)
    throw new CallFailed({ kind: 'refused', because: `its token service ${host} says ${status}` });
  if (status === 429) throw new CallFailed({ kind: 'busy', because: `its token service ${host} says 429` });
  if (status !== 200) throw unreachable(`its token service ${host} says ${status}`);
  const answer = parseTokenAnswer(Buffer.from(body).toString());
  if (!answer) throw wrong(`its token service ${host} gives no token`);
  return { header: `Bearer ${answer.token}`, until: tokenUntil(asksAt, answer.expiresInSeconds) };
}

function wayOf(header: string): Way | undefined {
  const challenges = parseChallenges(header);
  const challenge = bearerOf(challenges);
  if (challenge) return { kind: 'bearer', challenge };
  return offersBasic(challenges) ? { kind: 'basic' } : undefined;
}

function basicOf({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

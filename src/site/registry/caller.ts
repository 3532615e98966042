import type { IncomingMessage } from 'node:http';
import { formatDuration } from '../../kernel/duration.ts';
import type { Clock, Log, Random } from '../../kernel/ports.ts';
import type { Reach } from './addresses.ts';
import type { Authorizer } from './authorizer.ts';
import { parseErrorBody } from './codec/errors.ts';
import { discard, type Exchange, type Incoming, type Outgoing, readBody } from './exchange.ts';
import { CallFailed, failureOf, unreachable, wrong } from './failures.ts';
import { askBreaker, type Breaker, CLOSED, stepBreaker } from './policy/breaker.ts';
import { parseQuota, pauseMs, type Quota } from './policy/pacing.ts';
import type { UpstreamFailure } from './upstream-port.ts';

const MOST_HOPS = 5;
const ERROR_BYTES = 16 * 1024;
const ERROR_MS = 2_000;
/** What a registry says that is down as a whole; a 500 may be about one image alone. */
const AWAY: readonly number[] = [408, 502, 503, 504];

export type Call = {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  /** What tokens are for. */
  readonly repository: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly headersMs: number;
  readonly signal: AbortSignal;
};

/** An answer that was no failure: 200 or 206. */
export type Reply = { readonly response: IncomingMessage; readonly status: number };

export type CallerPorts = {
  readonly name: string;
  readonly registry: URL;
  readonly exchange: Exchange;
  readonly authorizer: Authorizer;
  readonly reach: Reach;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Asks one upstream: shows what it wants to see, goes where it redirects, and leaves it alone while it is away or busy. */
export interface Caller {
  /** Throws CallFailed. */
  call(call: Call): Promise<Reply>;
  quota(): Quota | undefined;
  /** Whether its breaker is open. */
  isAway(): boolean;
}

/** An answer, and whether it comes from another server than the registry itself. */
type Arrived = Incoming & { readonly isElsewhere: boolean };

export function createCaller(ports: CallerPorts): Caller {
  const { clock, log, name } = ports;
  let breaker: Breaker = CLOSED;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let quota: Quota | undefined;

  function letIn(): void {
    const now = clock.monotonic();
    if (now < pausedUntil) throw busy('wants to be left alone', pausedUntil - now);
    const { next, isLet, waitMs } = askBreaker(breaker, now);
    breaker = next;
    if (isLet) return;
    const because = 'did not answer lately, and is asked again soon';
    throw new CallFailed({ kind: 'unreachable', because, retryAfterMs: waitMs });
  }

  function worked(): void {
    if (breaker.kind !== 'closed') log.info({ upstream: name }, 'the registry answers again');
    breaker = stepBreaker(breaker, { kind: 'worked' });
  }

  function failed(because: string): void {
    const before = breaker;
    breaker = stepBreaker(before, { kind: 'failed', now: clock.monotonic(), unit: ports.random.unit() });
    if (before.kind === 'closed' && breaker.kind === 'open')
      log.warn({ upstream: name, because }, 'the registry does not answer; what is here is served without it');
  }

  function heed({ status, response: { headers } }: Arrived): void {
    const [limit, remaining] = ['ratelimit-limit', 'ratelimit-remaining'].map((field) => textOf(headers[field]));
    quota = parseQuota(limit, remaining) ?? quota;
    const pause = pauseMs({ status, retryAfterMs: retryAfterMs(headers['retry-after'], clock.now()) });
    if (pause === 0) return;
    pausedUntil = Math.max(pausedUntil, clock.monotonic() + pause);
    log.warn(
      { upstream: name, status, pause: formatDuration(pause) },
      'the registry wants to be left alone for a while',
    );
  }

  async function sendTo(outgoing: Outgoing, isElsewhere: boolean): Promise<Incoming> {
    try {
      return await ports.exchange.send(outgoing);
    } catch (cause) {
      // The registry itself is there: its breaker has nothing to do with where its blobs lie.
      if (!isElsewhere || outgoing.signal.aborted) throw cause;
      throw wrong(`redirects to ${outgoing.url.host}: ${failureOf(cause).because}`, cause);
    }
  }

  /** Credentials are for the registry alone: what it redirects to is another's, and S3 refuses who shows them. */
  async function follow(call: Call, authorization: string | undefined): Promise<Arrived> {
    let { url } = call;
    for (let hop = 0; hop <= MOST_HOPS; hop++) {
      const isElsewhere = url.origin !== ports.registry.origin;
      const shown = isElsewhere || authorization === undefined ? {} : { authorization };
      const isAllowed = (address: string) => !isElsewhere || ports.reach.mayLeadTo(address);
      const headers = { ...call.headers, ...shown };
      const incoming = await sendTo({ ...call, url, headers, isAllowed }, isElsewhere);
      if (!isElsewhere) ports.reach.found(incoming.remoteAddress);
      const target = redirectOf(incoming, url);
      if (!target) return { ...incoming, isElsewhere };
      discard(incoming.response);
      url = target;
    }
    throw wrong(`redirects more than ${MOST_HOPS} times`);
  }

  async function authorised(call: Call): Promise<Arrived> {
    const shown = await ports.authorizer.ready(call.repository, call.signal);
    const first = await follow(call, shown);
    if (first.status !== 401 || first.isElsewhere) return first;
    discard(first.response);
    const header = textOf(first.response.headers['www-authenticate']) ?? '';
    const next = await ports.authorizer.renew(call.repository, header, shown, call.signal);
    if (next === undefined) throw refused('the registry wants credentials, and those of this site are none or wrong');
    return await follow(call, next);
  }

  async function attempt(call: Call): Promise<Reply> {
    const arrived = await authorised(call);
    heed(arrived);
    if (arrived.status === 200 || arrived.status === 206) return arrived;
    throw await failureFrom(arrived, call.method, clock);
  }

  async function call(call: Call): Promise<Reply> {
    letIn();
    try {
      const reply = await attempt(call);
      worked();
      return reply;
    } catch (thrown) {
      const failure = callFailed(thrown, call.signal);
      // Who gave up has learnt nothing of the registry.
      if (failure.kind === 'given-up') throw unreachable('was given up', thrown);
      if (failure.kind === 'unreachable') failed(failure.because);
      else worked();
      throw new CallFailed(failure, { cause: thrown });
    }
  }

  return { call, quota: () => quota, isAway: () => breaker.kind !== 'closed' };
}

/** A limit that we set ourselves aborts with the failure that it means; anybody else's signal only says that nobody waits any more. */
function callFailed(thrown: unknown, signal: AbortSignal): UpstreamFailure | { readonly kind: 'given-up' } {
  if (thrown instanceof CallFailed || !signal.aborted) return failureOf(thrown);
  return signal.reason instanceof CallFailed ? signal.reason.failure : { kind: 'given-up' };
}

async function failureFrom(
  { response, status, isElsewhere }: Arrived,
  method: string,
  clock: Clock,
): Promise<CallFailed> {
  const said = await saidIn(response, method, clock);
  if (isElsewhere) return wrong(`the server that it redirects to says ${status}`);
  // The words of a refusal are not repeated: a server may put into them what it was shown.
  if (status === 401 || status === 403) return refused(`says ${status}: these credentials may not pull this`);
  const because = `says ${status}${said === undefined ? '' : ` ${said}`}`;
  if (status === 404) return new CallFailed({ kind: 'unknown', because });
  if (status === 429)
    return busy(because, pauseMs({ status, retryAfterMs: retryAfterMs(response.headers['retry-after'], clock.now()) }));
  return AWAY.includes(status) ? unreachable(because) : wrong(because);
}

async function saidIn(response: IncomingMessage, method: string, clock: Clock): Promise<string | undefined> {
  if (method === 'HEAD') return undefined;
  try {
    const body = await readBody(response, { maxBytes: ERROR_BYTES, mostMs: ERROR_MS }, clock);
    return parseErrorBody(Buffer.from(body).toString());
  } catch {
    // The status says enough.
    return undefined;
  }
}

function redirectOf({ response, status }: Incoming, from: URL): URL | undefined {
  const { location } = response.headers;
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  const url = URL.parse(location, from.href);
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && from.protocol === 'http:');
  if (!url || !isWeb) throw wrong('redirects to something that is not to be asked');
  return url;
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

function refused(because: string): CallFailed {
  return new CallFailed({ kind: 'refused', because });
}

function busy(because: string, retryAfterMs: number): CallFailed {
  return new CallFailed({ kind: 'busy', because, retryAfterMs });
}

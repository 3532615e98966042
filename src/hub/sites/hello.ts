import type { Digest } from '../../kernel/digest.ts';
import type { SiteSession } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { shortHardware, shortText } from '../../model/fleet/said-of-box.ts';
import { silentAfterMs } from '../../model/fleet/silence.ts';
import type { HelloRequest, HelloResponse, StateEntry } from '../../wire/link/gen/link.ts';
import type { Caller } from '../../wire/link/handlers.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import type { SitesDeps } from './deps.ts';
import { decideStanding, type StandingRule } from './policy/standing.ts';
import { noteSiteHeard, sessionKey } from './sessions.ts';

/** Of a site; each start of a box makes one. */
const KEPT_SESSIONS = 20;
const RATCHET_BYTES = 16;
const MOST_ROOTS = 8;
/** Keys of revisions have ten digits. One number that a site invents must not leave the next push without any. */
const MOST_NUMBER = 1_000_000_000n;
const MOST_CAPABILITIES = 50;
const NAME = /^[\w.-]{1,64}$/;

/** The parts of the answer that come out of the store. */
type Welcome = Pick<HelloResponse, 'ackedThrough' | 'ratchet' | 'takeOver' | 'quarantinedBecause' | 'trust' | 'renew'>;

export function createHello(deps: SitesDeps, listeningSince: number) {
  return async (caller: Caller, request: HelloRequest): Promise<HelloResponse> => {
    if (!NAME.test(request.session) || !NAME.test(request.eventEpoch))
      throw new Refusal('request-malformed', 'a Hello needs a session and a numbering of events');
    if (request.confirmedNumber > MOST_NUMBER || request.highestNumber > MOST_NUMBER)
      throw new Refusal('request-malformed', 'a revision has no such number');
    const { store } = deps;
    const welcome = await store.work((tx) => greet(tx, deps, listeningSince, caller, request));
    return { ...welcome, hubEpoch: store.epoch, limits: deps.limits() };
  };
}

async function greet(
  tx: HubTx,
  { store, clock, random, limits, identity }: SitesDeps,
  listeningSince: number,
  caller: Caller,
  request: HelloRequest,
): Promise<Welcome> {
  await requireOpen(tx, caller);
  const now = clock.now();
  const sessions = (await tx.list('sessions', { prefix: `${caller.site}/` })).map(({ row }) => row);
  const current = sessions.find(({ standing }) => standing === 'current');
  const own = sessions.find(({ session }) => session === request.session);
  const ratchet = Buffer.from(request.ratchet).toString('base64');
  // A hub that was away has heard nobody: that is no silence.
  const silentFor = now - Math.max(current?.lastAt ?? 0, listeningSince);
  const rule = decideStanding({
    ...{ session: request.session, ratchet, current, hubEpoch: store.epoch },
    invitedAnew: await wasInvitedAnew(tx, caller, current),
    isSilent: silentFor >= silentAfterMs(limits()),
  });
  const isCurrent = rule.standing === 'current';
  const newestKeys = await identity.keySetVersion(tx);
  const told = await identity.atHello(tx, caller, { keySetVersion: request.keySetVersion, roots: rootsOf(request) });
  const next = isCurrent ? random.bytes(RATCHET_BYTES) : request.ratchet;
  await tx.put('sessions', sessionKey(caller.site, request.session), {
    ...{ site: caller.site, session: request.session, firstAt: own?.firstAt ?? now, lastAt: now },
    ...{ remote: caller.remote, serial: caller.serial, hubEpoch: store.epoch, stateCounter: own?.stateCounter ?? 0 },
    ...{ helloAt: now, toldKeySet: newestKeys },
    ratchet: Buffer.from(next).toString('base64'),
    ...(isCurrent ? { ratchetBefore: heldRatchet(rule, ratchet, current) } : { because: rule.because }),
    hardware: shortHardware(request.hardware),
    isFresh: request.fresh,
    standing: rule.standing,
  });
  await forgetOld(tx, sessions, request.session);
  if (!isCurrent) return { ...aside(request, rule), ...told };
  if (current && current.session !== request.session)
    await tx.put('sessions', sessionKey(current.site, current.session), {
      ...current,
      standing: 'past',
      because: rule.because,
    });
  await noteSiteHeard(tx, caller, now, said(request));
  const cursor = await tx.get('cursors', `${caller.site}/${request.eventEpoch}`);
  return {
    ackedThrough: BigInt(cursor?.through ?? 0),
    ratchet: next,
    takeOver: request.fresh ? await former(tx, caller.site) : [],
    quarantinedBecause: '',
    ...told,
  };
}

/**
 * What the box has on disk if this answer is lost. The box that speaks brings another one only with a Hello that was overtaken on
 * its way.
 */
function heldRatchet({ name }: StandingRule, brought: string, current: SiteSession | undefined): string {
  const isOvertaken = name === 'goes-on' && brought !== current?.ratchet && brought !== current?.ratchetBefore;
  return isOvertaken ? (current?.ratchet ?? brought) : brought;
}

function aside(request: HelloRequest, { because }: StandingRule): Omit<Welcome, 'trust' | 'renew'> {
  return { ackedThrough: 0n, ratchet: request.ratchet, takeOver: [], quarantinedBecause: because };
}

async function requireOpen(tx: HubTx, { site }: Caller): Promise<void> {
  const row = await tx.get('sites', site);
  if (!row) throw new Refusal('site-unknown', `head office has no site ${site}`);
  if (row.state === 'retired') throw new Refusal('site-retired', `the site ${site} was closed at head office`);
}

/** Somebody at head office made an invite for the box that comes now: it shall take the place of the other one. */
async function wasInvitedAnew(tx: HubTx, { site, serial }: Caller, current: SiteSession | undefined): Promise<boolean> {
  if (!current || current.serial === serial) return false;
  const issued = await tx.get('certificates', `${site}/${serial}`);
  return issued?.how === 'enroll' && issued.issuedAt >= current.firstAt;
}

/** sha256 in hex; a list that cannot be right is none. */
function rootsOf({ roots }: HelloRequest): readonly Digest[] {
  const isRight = roots.length <= MOST_ROOTS && roots.every((one) => one.length === 32);
  return isRight ? roots.map((one) => Buffer.from(one).toString('hex') as Digest) : [];
}

function said(request: HelloRequest) {
  return {
    state: 'enrolled' as const,
    version: shortText(request.version),
    capabilities: request.capabilities.slice(0, MOST_CAPABILITIES).map(shortText),
    clockOffsetMs: Number(request.clockOffsetMs),
    confirmedNumber: Number(request.confirmedNumber),
    highestNumber: Number(request.highestNumber),
    roots: rootsOf(request),
    ...(request.sealingKey.length === 32 ? { sealingKey: Buffer.from(request.sealingKey).toString('base64') } : {}),
  };
}

/** What the appliance before this one said of its slots and confirmed orders. */
async function former(tx: HubTx, site: string): Promise<StateEntry[]> {
  const rows = [
    ...(await tx.list('states', { prefix: `${site}/slots/` })),
    ...(await tx.list('states', { prefix: `${site}/orders/` })),
  ];
  return rows.map(({ row }) => ({
    key: row.key,
    digest: Buffer.from(row.digest, 'hex'),
    value: Buffer.from(row.value),
  }));
}

async function forgetOld(tx: HubTx, sessions: readonly SiteSession[], own: string): Promise<void> {
  const old = sessions
    .filter(({ standing, session }) => standing !== 'current' && session !== own)
    .sort((a, b) => b.lastAt - a.lastAt)
    .slice(KEPT_SESSIONS);
  for (const { site, session } of old) await tx.delete('sessions', sessionKey(site, session));
}

import type { Clock } from '../../kernel/ports.ts';
import type { FleetSite, SiteSession } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { Caller } from '../../wire/link/handlers.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import type { SitesDeps } from './deps.ts';

/** That a box was heard is written down so often, and not with each call. */
const HEARD_EVERY_MS = 20_000;
/** A line that holds for months would leave head office with the clock and the version that a box had at its beginning. */
const HELLO_EVERY_MS = 6 * 3_600_000;

/** The session of a caller, if it speaks for its site now. Rejects with the Refusal `hello-first`. */
export async function requireCurrent(tx: HubTx, caller: Caller, session: string): Promise<SiteSession> {
  const row = await tx.get('sessions', sessionKey(caller.site, session));
  if (row?.standing === 'current') return row;
  const why = row?.because ?? 'head office does not know this session';
  throw new Refusal('hello-first', `say Hello first: ${why}`);
}

/** Whether something is to be written because this box was heard. */
function isDue({ lastAt, ratchetBefore, serial }: SiteSession, caller: Caller, now: number): boolean {
  // It has renewed since: who asks whether the old root can go wants to know.
  if (serial !== caller.serial) return true;
  return ratchetBefore !== undefined || Math.abs(now - lastAt) >= HEARD_EVERY_MS;
}

/**
 * Writes down that the box was heard. Whoever calls anything but Hello has the answer of its last Hello on disk: only the new
 * ratchet counts from then on.
 */
export async function noteHeard(tx: HubTx, caller: Caller, row: SiteSession, now: number): Promise<SiteSession> {
  if (!isDue(row, caller, now)) return row;
  const { ratchetBefore: _, ...rest } = row;
  const heard = { ...rest, lastAt: now, remote: caller.remote, serial: caller.serial };
  await tx.put('sessions', sessionKey(row.site, row.session), heard);
  await noteSiteHeard(tx, caller, now);
  return heard;
}

export async function noteSiteHeard(
  tx: HubTx,
  caller: Caller,
  now: number,
  more: Partial<FleetSite> = {},
): Promise<void> {
  const site = await tx.get('sites', caller.site);
  if (site) await tx.put('sites', caller.site, { ...site, ...more, lastHeardAt: now, lastRemote: caller.remote });
}

/** For calls that write nothing else: rejects with `hello-first` if another box speaks for the site. */
export async function admit(
  { store, clock }: { readonly store: HubStore; readonly clock: Clock },
  caller: Caller,
  session: string,
): Promise<void> {
  const row = await store.read((tx) => requireCurrent(tx, caller, session));
  if (!isDue(row, caller, clock.now())) return;
  await store.work(async (tx) => {
    await noteHeard(tx, caller, await requireCurrent(tx, caller, session), clock.now());
  });
}

/** Whether a box that is connected is to say Hello once more. One for which another box speaks now learns so by its Hello. */
export async function wantsHello(
  tx: HubTx,
  { clock, random, identity }: Pick<SitesDeps, 'clock' | 'random' | 'identity'>,
  { site }: Caller,
  session: string,
): Promise<boolean> {
  const row = await tx.get('sessions', sessionKey(site, session));
  if (row?.standing !== 'current' || row.toldKeySet < (await identity.keySetVersion(tx))) return true;
  return clock.now() - row.helloAt >= HELLO_EVERY_MS * (0.5 + random.unit());
}

export function sessionKey(site: string, session: string): string {
  return `${site}/${session}`;
}

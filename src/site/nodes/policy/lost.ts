import { formatDuration } from '../../../kernel/duration.ts';
import { type MacAddress, parseMac } from '../../../kernel/mac.ts';
import type { Binding } from '../../../model/boot.ts';
import type { Lease } from '../../../model/lease.ts';
import { leaseKey } from '../../../model/lease.ts';
import type { Revision } from '../../../model/revision.ts';
import type { Signal } from '../../../model/signal.ts';
import type { SiteState } from '../../../model/store.ts';
import type { Context } from './context.ts';

/** Whether the system of a binding is heard. `since` of a lost one is when it renewed its lease for the last time. */
export type Health =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'lost'; readonly since: number }
  /** It never had a lease as a running system, gave it back as it shut down, or is booting. */
  | { readonly kind: 'unknown' };

/** A system renews at half of its lease. Who did not for twice its length has missed three times, and holds nothing any more. */
const LEASES_MISSED = 2;

/**
 * The health of the system on the machine of a binding, by the renewals of its lease. Silence counts from
 * `listeningSince` at the earliest: a site that was off heard nobody.
 */
export function healthOf(binding: Binding, { state, revision, now, listeningSince }: HealthContext): Health {
  const boot = state.latestBoot(binding.machine);
  if (binding.health !== 'enrolled' && !binding.installed) return { kind: 'unknown' };
  if (boot && !boot.outcome) return { kind: 'unknown' };
  const lease = systemLease(binding, state, revision);
  const leaseSeconds = lease && revision?.networks[lease.network]?.lease.osSeconds;
  if (!lease || leaseSeconds === undefined) return { kind: 'unknown' };
  if (lease.expiresAt > now) return { kind: 'healthy' };
  const since = lease.expiresAt - leaseSeconds * 1_000;
  const silentMs = now - Math.max(since, listeningSince);
  return silentMs > LEASES_MISSED * leaseSeconds * 1_000 ? { kind: 'lost', since } : { kind: 'unknown' };
}

export type HealthContext = {
  readonly state: SiteState;
  readonly revision: Revision | undefined;
  readonly now: number;
  readonly listeningSince: number;
};

/** Of all leases of its NICs, the one of a running system that ends last. */
function systemLease({ machine }: Binding, state: SiteState, revision: Revision | undefined): Lease | undefined {
  const rows = state.machines.get(machine)?.evidence ?? [];
  const macs = rows.flatMap(({ kind, value }) => (kind === 'mac' ? (parseMac(value) ?? []) : [])) as MacAddress[];
  const networks = Object.keys(revision?.networks ?? {});
  const leases = [...new Set(macs)].flatMap((mac) =>
    networks.flatMap((network) => state.leases.get(leaseKey(network, mac)) ?? []),
  );
  return leases
    .filter(({ state: kind, holder }) => kind === 'bound' && holder === 'os')
    .sort((a, b) => b.expiresAt - a.expiresAt)[0];
}

/** Tells of each node that was lost, and that is heard again. */
export function hearHealthTick(context: Context, { at, listeningSince }: Extract<Signal, { kind: 'tick' }>): void {
  if (listeningSince === undefined) return;
  const { draft, revision } = context;
  for (const binding of [...draft.bindings.values()]) {
    if (draft.currentBinding(binding.slot)?.number !== binding.number) continue;
    const health = healthOf(binding, { state: draft, revision, now: at, listeningSince });
    if (health.kind === 'lost' && binding.lostSince === undefined) noteLost(context, binding, health.since, at);
    if (health.kind === 'healthy' && binding.lostSince !== undefined) noteHealthy(context, binding, at);
  }
}

function noteLost({ draft }: Context, binding: Binding, lostSince: number, at: number): void {
  draft.putBinding({ ...binding, lostSince });
  const silent = formatDuration(Math.max(0, at - lostSince));
  const sentence = `${binding.slot} is lost: its system was not heard for ${silent}. Is it on? Look at its screen and at its network cable.`;
  draft.say({ type: 'node-lost', at, sentence, ...subjectOf(binding), data: { since: lostSince } });
}

function noteHealthy({ draft }: Context, { lostSince = 0, ...binding }: Binding, at: number): void {
  draft.putBinding(binding);
  const silent = formatDuration(Math.max(0, at - lostSince));
  const sentence = `${binding.slot} is heard again, after ${silent}`;
  draft.say({ type: 'node-healthy', at, sentence, ...subjectOf(binding), data: { since: lostSince } });
}

function subjectOf({ slot, machine }: Binding): Pick<Binding, 'slot' | 'machine'> {
  return { slot, machine };
}

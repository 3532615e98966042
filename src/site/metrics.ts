import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { SiteState } from '../model/store.ts';
import type { OutboxView } from '../wire/api/link.ts';
import { addImageMetrics, type DownloadFigures, type FirstByte } from './image-metrics.ts';
import { currentStall } from './nodes/policy/advance.ts';

/** Counts of the rooms, by name, as each keeps them since its start. */
export type CountSources = Readonly<
  Record<'dhcp' | 'tftp' | 'http' | 'diary' | 'signals', () => Readonly<Record<string, number>>>
>;

/** What a scrape sees: the rooms' own counts, what the site knows, and Node's own figures. */
export function createMetrics(parts: {
  readonly counts: CountSources;
  readonly state: SiteState;
  readonly isReady: () => boolean;
  readonly revision: () => number;
  readonly now: () => number;
  /** Machines that wait for their turn. */
  readonly queued: () => number;
  /** Missing: there is no head office. */
  readonly outbox: () => OutboxView | undefined;
  readonly images: () => DownloadFigures;
}): { text(): Promise<string>; readonly firstByte: FirstByte } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [room, counts] of Object.entries(parts.counts)) {
    const counter = new Counter({
      name: `slipway_${room}_total`,
      help: `What ${room} counted since the start, by kind.`,
      labelNames: ['kind'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [kind, count] of Object.entries(counts())) this.inc({ kind }, count);
      },
    });
    counter.reset();
  }
  gauge(registry, 'slipway_ready', '1 if the site serves nodes.', () => Number(parts.isReady()));
  gauge(registry, 'slipway_revision', 'Number of the revision in force.', parts.revision);
  gauge(registry, 'slipway_machines', 'Machines that the site knows.', () => parts.state.machines.size);
  gauge(registry, 'slipway_nodes_enrolled', 'Slots whose current machine is enrolled.', () =>
    enrolledSlots(parts.state),
  );
  gauge(registry, 'slipway_nodes_lost', 'Slots whose system is not heard any more.', () => lostSlots(parts.state));
  gauge(registry, 'slipway_boots_stalled', 'Open boots that stand still.', () => stalledBoots(parts.state));
  gauge(registry, 'slipway_boots_open', 'Boots that have not come to an end.', () => openBoots(parts.state));
  gauge(registry, 'slipway_boots_queued', 'Machines that wait for their turn to fetch their systems.', parts.queued);
  gauge(registry, 'slipway_leases_active', 'Addresses that are leased now.', () =>
    activeLeases(parts.state, parts.now()),
  );
  gauge(
    registry,
    'slipway_link_outbox_events',
    'Events that head office does not have yet.',
    () => parts.outbox()?.waiting ?? 0,
  );
  gauge(
    registry,
    'slipway_link_outbox_age_seconds',
    'Age of the oldest event that head office does not have yet.',
    () => ageSeconds(parts.outbox(), parts.now()),
  );
  return { text: () => registry.metrics(), firstByte: addImageMetrics(registry, parts.images) };
}

function gauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}

function ageSeconds(outbox: OutboxView | undefined, now: number): number {
  return outbox?.oldestAt === undefined ? 0 : Math.max(0, (now - outbox.oldestAt) / 1_000);
}

function enrolledSlots(state: SiteState): number {
  const slots = new Set([...state.bindings.values()].map((binding) => binding.slot));
  return [...slots].filter((slot) => state.currentBinding(slot)?.health === 'enrolled').length;
}

function lostSlots(state: SiteState): number {
  const slots = new Set([...state.bindings.values()].map((binding) => binding.slot));
  return [...slots].filter((slot) => state.currentBinding(slot)?.lostSince !== undefined).length;
}

function stalledBoots(state: SiteState): number {
  return [...state.boots.values()].filter((boot) => currentStall(boot) !== undefined).length;
}

function openBoots(state: SiteState): number {
  return [...state.boots.values()].filter((boot) => boot.closedAt === undefined).length;
}

function activeLeases(state: SiteState, now: number): number {
  return [...state.leases.values()].filter((lease) => lease.state === 'bound' && lease.expiresAt > now).length;
}

import type { Binding } from '../../../model/boot.ts';
import { holdMark } from '../../../model/order.ts';
import type { SiteState } from '../../../model/store.ts';
import type { NodeView, SiteNodes, SiteStatus } from '../../../wire/api/views.ts';
import type { OrderEntry, SiteEntry, SlotEntry } from '../../../wire/link/state-entries.ts';

export type StateFacts = {
  readonly state: SiteState;
  readonly status: SiteStatus;
  readonly nodes: SiteNodes;
  readonly version: string;
  /** When this process began. */
  readonly since: number;
  /** What other rooms say, by key, such as `apply`; undefined: nothing. */
  readonly others: Readonly<Record<string, unknown>>;
};

/** All that a site says of itself, by key. Nothing in it is a secret: it is what the page shows to everybody. */
export function stateEntries({
  state,
  status,
  nodes,
  version,
  since,
  others,
}: StateFacts): ReadonlyMap<string, unknown> {
  const entries = new Map<string, unknown>([
    ['site', siteEntry(status, version, since)],
    ['alarms', status.alarms],
  ]);
  for (const node of nodes.nodes) entries.set(`slots/${node.slot}`, slotEntry(node, state));
  // A slot that the template has no more still has what was installed in it.
  for (const { slot, number } of state.bindings.values()) {
    const binding = state.currentBinding(slot);
    const order = binding?.number === number ? orderEntry(binding, state) : undefined;
    if (order) entries.set(`orders/${slot}`, order);
  }
  for (const [key, value] of Object.entries(others)) if (value !== undefined) entries.set(key, value);
  return entries;
}

function siteEntry(status: SiteStatus, version: string, since: number): SiteEntry {
  const { ready, notReady, armed, doubt, noInstalls, revision, held, missingSecrets } = status;
  return {
    ...{ version, since, ready, notReady, held, missingSecrets },
    ...(armed === undefined ? {} : { armed }),
    ...(doubt === undefined ? {} : { doubt }),
    ...(noInstalls === undefined ? {} : { noInstalls }),
    ...(revision === undefined ? {} : { revision }),
  };
}

function slotEntry(
  { slot, state: word, sentence, since, profile, machine, boot }: NodeView,
  state: SiteState,
): SlotEntry {
  const binding = state.currentBinding(slot);
  const hold = state.marks.get(holdMark(slot));
  return {
    ...{ slot, state: word, sentence, profile },
    ...(since === undefined ? {} : { since }),
    ...(boot ? { lastBootAt: boot.openedAt } : {}),
    ...(binding ? boundEntry(binding) : {}),
    ...(machine ? { machine: hardwareOf(machine), macs: machine.macs } : {}),
    ...(hold ? { hold } : {}),
  };
}

function boundEntry({ number, since, placedBy, enrolledAt, installed }: Binding): Partial<SlotEntry> {
  return {
    binding: number,
    boundAt: since,
    ...(placedBy === undefined ? {} : { placedBy }),
    ...(enrolledAt === undefined ? {} : { enrolledAt }),
    ...(installed ? { installed: { order: installed.order, at: installed.at, profileDigest: installed.profile } } : {}),
  };
}

function hardwareOf({ macs, uuid, manufacturer, product, serial }: NonNullable<NodeView['machine']>) {
  const [mac] = macs;
  const known = { mac, uuid, manufacturer, product, serial };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as NonNullable<
    SlotEntry['machine']
  >;
}

function orderEntry({ slot, number, installed }: Binding, state: SiteState): OrderEntry | undefined {
  if (!installed) return undefined;
  const order = state.orders.get(installed.order);
  return {
    ...{ slot, order: installed.order, binding: number, profileDigest: installed.profile, at: installed.at },
    by: order?.by ?? { kind: 'person', name: 'unknown' },
    proof: order?.state.kind === 'confirmed' ? order.state.by : 'api',
  };
}

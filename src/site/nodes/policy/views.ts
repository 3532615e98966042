import type { Digest } from '../../../kernel/digest.ts';
import { formatDuration } from '../../../kernel/duration.ts';
import { formatSubnet } from '../../../kernel/ipv4.ts';
import type { Binding } from '../../../model/boot.ts';
import type { AssetState } from '../../../model/content.ts';
import type { Machine } from '../../../model/machine.ts';
import type { Network } from '../../../model/network.ts';
import { ARMED, DOUBT } from '../../../model/order.ts';
import type { Slot } from '../../../model/revision.ts';
import type { SiteAddress } from '../../../model/site-ports.ts';
import type { ImageView } from '../../../wire/api/images.ts';
import type { LinkView } from '../../../wire/api/link.ts';
import type { SteeredView } from '../../../wire/api/revision.ts';
import type {
  AlarmView,
  AssetView,
  BootView,
  MachineView,
  NetworkView,
  NodeDetail,
  NodeState,
  NodeView,
  SiteNodes,
  SiteStatus,
} from '../../../wire/api/views.ts';
import { NODE_STATES } from '../../../wire/api/views.ts';
import { contendersBySlot } from './contenders.ts';
import { wholeOf } from './named-machine.ts';
import { whyNotSilent } from './silent.ts';
import { viewBindings } from './view-bindings.ts';
import { viewInstall, whyNoInstalls } from './view-install.ts';
import type { ViewContext } from './view-machine.ts';
import { viewBootNow, viewLatestBoot, viewMachine } from './view-machine.ts';

export type StatusContext = ViewContext & {
  readonly siteName: string;
  readonly addresses: readonly SiteAddress[];
  readonly notReady: readonly string[];
  readonly templateRefused: string | undefined;
  readonly assetState: (digest: Digest) => AssetState;
  readonly alarms?: readonly AlarmView[];
  readonly dhcp?: (network: Network) => DhcpView;
  readonly missingSecrets?: readonly string[];
  readonly steered?: SteeredView | undefined;
  readonly headOffice?: LinkView | undefined;
  readonly images?: readonly ImageView[];
  /** How many machines wait in the queue for their files. */
  readonly queued?: number;
};

/** What the site is in a network, and beside whom. */
export type DhcpView = Pick<NetworkView, 'role' | 'because' | 'otherServers'>;

/** The site on one screen. */
export function viewStatus(context: StatusContext): SiteStatus {
  const { revision, notReady, now } = context;
  const { nodes, machines } = viewNodes(context);
  const count = (state: NodeState) => nodes.filter((node) => node.state === state).length;
  return {
    site: context.siteName,
    at: now,
    ready: notReady.length === 0,
    notReady,
    ...(nodes.some(({ install }) => install) ? installsOf(context) : {}),
    ...(revision
      ? { revision: { number: revision.number, digest: revision.digest, template: revision.template } }
      : {}),
    ...(context.templateRefused === undefined ? {} : { templateRefused: context.templateRefused }),
    networks: viewNetworks(context),
    slots: Object.fromEntries(NODE_STATES.map((state) => [state, count(state)])) as Record<NodeState, number>,
    held: machines.filter(({ held }) => held).length,
    ...(context.queued ? { queued: context.queued } : {}),
    assets: (revision?.assets ?? []).map(({ name, digest }) =>
      viewAsset(name, digest, context.assetState(digest), now),
    ),
    ...(context.images?.length ? { images: context.images } : {}),
    alarms: context.alarms ?? [],
    missingSecrets: context.missingSecrets ?? [],
    ...(context.steered ? { steered: context.steered } : {}),
    ...(context.headOffice ? { headOffice: context.headOffice } : {}),
  };
}

function installsOf({ state, now }: StatusContext): Pick<SiteStatus, 'armed' | 'doubt' | 'noInstalls'> {
  const noInstalls = whyNoInstalls(state, now);
  const doubt = state.marks.get(DOUBT)?.because;
  return {
    armed: state.marks.has(ARMED),
    ...(doubt === undefined ? {} : { doubt }),
    ...(noInstalls ? { noInstalls } : {}),
  };
}

/** All slots, and the machines that fill none of them; not those whose last NIC proved to be another machine's. */
export function viewNodes(context: ViewContext): SiteNodes {
  const { state, revision } = context;
  const contenders = contendersBySlot(context);
  const nodes = Object.values(revision?.slots ?? {}).map((slot) => ({
    ...viewNode(slot, context),
    ...contendersOf(slot, contenders),
  }));
  const placed = new Set(nodes.map(({ machine }) => machine?.id));
  const others = [...state.machines.values()].filter((machine) => !placed.has(machine.id) && isNamed(machine));
  const machines = others.map((machine) => viewMachine(machine, context));
  return { nodes, machines: machines.sort((a, b) => b.lastSeen - a.lastSeen) };
}

/**
 * A slot by its name, else a machine by its id, its code or a MAC, also the one that it became a part of; undefined:
 * the site has none of that name.
 */
export function viewDetail(name: string, context: ViewContext): NodeDetail | undefined {
  const { revision, state } = context;
  const slot = revision && Object.hasOwn(revision.slots, name) ? revision.slots[name] : undefined;
  if (slot) {
    const node = { ...viewNode(slot, context), ...contendersOf(slot, contendersBySlot(context)) };
    const bindings = viewBindings(slot.name, state);
    return { node, bindings, boots: viewBoots({ slot: slot.name }, context) };
  }
  const wanted = name.toLowerCase();
  const whole = wholeOf(state, wanted);
  const called = [...state.machines.values()].filter(isNamed).map((machine) => viewMachine(machine, context));
  const found = called.filter(isCalled(wanted));
  const machine = found.find(({ held }) => held) ?? found[0] ?? (whole && viewMachine(whole, context));
  return machine && { machine, boots: viewBoots({ machine: machine.id }, context) };
}

function contendersOf({ name }: Slot, bySlot: ReturnType<typeof contendersBySlot>): Pick<NodeView, 'contenders'> {
  const contenders = bySlot.get(name);
  return contenders ? { contenders } : {};
}

function isNamed({ evidence }: Machine): boolean {
  return evidence.some(({ kind }) => kind === 'mac' || kind === 'uuid');
}

function isCalled(wanted: string): (machine: MachineView) => boolean {
  return ({ id, code, macs }) => id === wanted || code?.toLowerCase() === wanted || macs.some((mac) => mac === wanted);
}

function viewNode(slot: Slot, context: ViewContext): NodeView {
  const { state } = context;
  const binding = state.currentBinding(slot.name);
  const machine = binding && state.machines.get(binding.machine);
  const install = viewInstall(slot, state, context.now);
  const what = {
    slot: slot.name,
    profile: slot.profile.name,
    ...(slot.hardware === undefined ? {} : { hardware: slot.hardware }),
    ...(install ? { install } : {}),
  };
  if (!binding || !machine) return { ...what, state: 'empty', sentence: 'no machine fills it yet' };
  const boot = viewLatestBoot(machine, context);
  const busy = whyNotSilent(state, machine.id, context.now);
  return {
    ...what,
    ...stateOf(binding, boot),
    ...(busy === undefined ? {} : { busy }),
    ...(isUnwatched(slot, context) ? { unwatched: UNWATCHED } : {}),
    binding: binding.number,
    machine: viewMachine(machine, context),
    ...(boot ? { boot } : {}),
  };
}

const UNWATCHED = 'whether its system still runs is not known beside another server, which gives it its address';

/** A system is missed when it does not renew its lease: of one that has it elsewhere nobody here hears. */
function isUnwatched({ interfaces }: Slot, { leasedElsewhere }: ViewContext): boolean {
  return Object.values(interfaces).some(({ boot, network }) => boot && leasedElsewhere?.has(network));
}

const LOST = {
  state: 'lost',
  sentence: 'lost: its system is not heard any more. Is it on? Look at its screen and at its network cable',
} as const;

/** The newest boot says more than the binding: a node that was enrolled yesterday may be booting now. */
function stateOf(binding: Binding, boot: BootView | undefined): Pick<NodeView, 'state' | 'sentence' | 'since'> {
  if (!boot) return stateWithoutBoot(binding);
  if (boot.stall) return { state: 'stalled', sentence: boot.sentence, since: boot.stall.since };
  if (binding.lostSince !== undefined && boot.outcome) return { ...LOST, since: binding.lostSince };
  return stateByBoot(binding, boot);
}

/** What head office knew of the appliance before this one, or of boots that are too long ago to be kept. */
function stateWithoutBoot({ health, since, enrolledAt = since, lostSince }: Binding): ReturnType<typeof stateOf> {
  if (health !== 'enrolled') return { state: 'waiting', sentence: 'was not yet seen booting', since };
  if (lostSince !== undefined) return { ...LOST, since: lostSince };
  return { state: 'enrolled', sentence: 'enrolled, was not seen booting since', since: enrolledAt };
}

function stateByBoot(binding: Binding, boot: BootView): Pick<NodeView, 'state' | 'sentence' | 'since'> {
  const since = boot.closedAt ?? boot.openedAt;
  switch (boot.outcome) {
    case undefined:
      return { state: 'booting', sentence: `booting: ${boot.sentence}`, since };
    case 'live':
      return binding.health === 'enrolled'
        ? { state: 'enrolled', sentence: `enrolled, ${boot.sentence}`, since: binding.enrolledAt ?? since }
        : { state: 'waiting', sentence: boot.sentence, since };
    case 'installed':
      return { state: 'enrolled', sentence: `enrolled, ${boot.sentence}`, since: binding.enrolledAt ?? since };
    case 'local':
      return binding.installed
        ? { state: 'enrolled', sentence: 'enrolled, boots its own disk', since: binding.enrolledAt ?? since }
        : { state: 'local', sentence: boot.sentence, since };
    case 'refused':
      return { state: 'refused', sentence: boot.sentence, since };
    default:
      return { state: 'waiting', sentence: boot.sentence, since };
  }
}

function viewBoots(of: { readonly slot?: string; readonly machine?: string }, context: ViewContext): BootView[] {
  const { state } = context;
  return [...state.boots.values()]
    .filter((boot) => (of.slot === undefined ? boot.machine === of.machine : boot.slot === of.slot))
    .sort((a, b) => b.openedAt - a.openedAt)
    .map((boot) => viewBootNow(boot, context));
}

function viewNetworks({ revision, state, addresses, now, dhcp }: StatusContext): NetworkView[] {
  const leases = [...state.leases.values()].filter((lease) => lease.state === 'bound' && lease.expiresAt > now);
  return Object.values(revision?.networks ?? {}).map((network) => {
    const { name, subnet } = network;
    const server = addresses.find((site) => site.network === name);
    return {
      name,
      subnet: formatSubnet(subnet),
      ...(server ? { serverAddress: server.address } : {}),
      leases: leases.filter((lease) => lease.network === name).length,
      otherServers: [],
      ...(server ? dhcp?.(network) : {}),
    };
  });
}

function viewAsset(name: string, digest: Digest, state: AssetState, now: number): AssetView {
  return { name, digest, complete: state.kind === 'complete', sentence: assetSentence(state, now) };
}

function assetSentence(state: AssetState, now: number): string {
  switch (state.kind) {
    case 'complete':
      return 'here and verified';
    case 'filling':
      return state.sizeBytes ? `on its way: ${Math.floor((state.bytesDone / state.sizeBytes) * 100)} %` : 'on its way';
    case 'failed':
      return `${state.because}; next try in ${formatDuration(Math.max(0, state.nextTryAt - now))}`;
    case 'absent':
      return 'not asked for yet';
  }
}

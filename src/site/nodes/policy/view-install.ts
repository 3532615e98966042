import { formatDuration } from '../../../kernel/duration.ts';
import type { Binding } from '../../../model/boot.ts';
import type { Order, OrderedBy } from '../../../model/order.ts';
import { ARMED, DOUBT, decisiveOrder, holdMark, isLive, whyNotByClock } from '../../../model/order.ts';
import type { Slot } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';
import type { InstallView, OrderView } from '../../../wire/api/views.ts';

/** The installs of a slot as a person sees them; undefined for one that runs from memory. */
export function viewInstall(slot: Slot, state: SiteState, now: number): InstallView | undefined {
  if (slot.profile.kind !== 'install') return undefined;
  const binding = state.currentBinding(slot.name);
  const installed = binding?.installed;
  return {
    orders: state.ordersOf(slot.name).map((order) => viewOrder(order, now)),
    ...(installed ? { installedAt: installed.at } : {}),
    differs: installed !== undefined && installed.profile !== slot.profile.digest,
    ...(slot.profile.install?.wipe ? { mayWipe: true } : {}),
    ...(state.marks.has(holdMark(slot.name)) ? { held: true } : {}),
    ...whyNot(slot, binding, state, now),
  };
}

type Reason = { readonly because?: string; readonly toDo?: string };

/** Why nothing is installed in any slot; undefined: that is up to each of them. */
export function whyNoInstalls({ marks }: SiteState, now: number): Required<Reason> | undefined {
  if (marks.has(ARMED)) return whyNotByClock(now);
  const doubt = marks.get(DOUBT)?.because;
  if (doubt === undefined) return { because: 'the site is not armed yet', toDo: 'if this is a new store: slipway arm' };
  const toDo = 'slipway arm, then slipway reinstall SLOT where it is wanted';
  return { because: `the site is disarmed: ${doubt}`, toDo };
}

function whyNot({ name, profile }: Slot, binding: Binding | undefined, state: SiteState, now: number): Reason {
  const again = { toDo: `if it is to be installed: slipway reinstall ${name}` };
  const nowhere = whyNoInstalls(state, now);
  if (nowhere) return nowhere;
  if (!binding) return { because: 'no machine fills it' };
  const hold = state.marks.get(holdMark(name));
  if (hold) return { because: `held by ${hold.by}`, toDo: `slipway hold ${name} --off` };
  const order = decisiveOrder(state, binding);
  if (!order) return { because: 'nobody ordered it', ...again };
  if (order.state.kind === 'confirmed') return { because: 'it is installed' };
  if (order.state.kind === 'parked' || order.state.kind === 'void')
    return { because: `${order.state.kind}: ${order.state.because}`, ...again };
  if (!isLive(order, now)) return { because: 'its time is over', ...again };
  if (order.profile !== profile.digest)
    return { because: `its order is for an earlier version of ${profile.name}`, ...again };
  if (order.state.kind === 'installing')
    return {
      because: 'its installer has begun, and its disk is tried next',
      toDo: 'wait; if nothing starts, switch it off and on',
    };
  return {};
}

function viewOrder(order: Order, now: number): OrderView {
  const { id, binding, state, by, createdAt, expiresAt, attempts, maxAttempts, wipe, wiped } = order;
  const sentence = sentenceOf(order, now);
  const done = wiped === undefined ? {} : { wiped };
  const row = { id, binding, state: state.kind, by: nameOf(by), createdAt, expiresAt, attempts, maxAttempts, wipe };
  return { ...row, ...done, sentence };
}

function nameOf({ kind, name }: OrderedBy): string {
  return kind === 'person' ? name : `template ${name}`;
}

function sentenceOf(order: Order, now: number): string {
  const { state, attempts, maxAttempts, expiresAt } = order;
  const tries = `attempt ${attempts} of ${maxAttempts}`;
  switch (state.kind) {
    case 'waiting':
      return 'waits for the order before it';
    case 'open': {
      if (!isLive(order, now)) return 'its time is over';
      const left = `for another ${formatDuration(expiresAt - now)}`;
      return attempts === 0
        ? `installs when its machine boots from the network, ${left}`
        : `${tries} was not confirmed; the next one begins when its machine boots, ${left}`;
    }
    case 'installing':
      return `installing since ${formatDuration(Math.max(0, now - state.since))}, ${tries}`;
    case 'confirmed':
      return `installed with ${tries}, proved by ${state.by}`;
    case 'parked':
    case 'void':
      return `no install: ${state.because}`;
  }
}

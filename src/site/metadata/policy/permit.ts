import { type Binding, type Boot, TOKEN_SLACK_MS } from '../../../model/boot.ts';
import type { SlotAnswer } from '../../../model/identity.ts';
import type { Machine } from '../../../model/machine.ts';
import { ARMED, decisiveOrder, fencedMark, holdMark, isLive, type Order, whyNotByClock } from '../../../model/order.ts';
import type { Slot } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';

/** Whether a configuration may be read now. `over`: it was, and the system that it was for is there. */
export type Permit =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no'; readonly because: string }
  | { readonly kind: 'over'; readonly because: string };

/**
 * Whether the configuration of an install slot may be read: the site is armed, the slot is not held, the machine fills
 * it, and the order lives and has an attempt left. The boot whose attempt has begun may read again: Talos fetches twice.
 * That a system is installed goes before all that keeps a slot from being installed: it asks at each of its starts, and
 * some have no network until they are answered.
 */
export function mayConfigure(state: SiteState, slot: Slot, machine: Machine | undefined, now: number): Permit {
  const binding = state.currentBinding(slot.name);
  const own = binding && machine && binding.machine === machine.id ? binding : undefined;
  const order = own && decisiveOrder(state, own);
  if (own && hasItsSystem(own, order, now))
    return { kind: 'over', because: `${slot.name} is installed: its configuration is closed` };
  if (!state.marks.has(ARMED)) return no('this site is not armed');
  const clock = whyNotByClock(now);
  if (clock) return no(clock.because);
  if (state.marks.has(holdMark(slot.name))) return no(`${slot.name} is held`);
  if (!machine || !own) return no(`no machine fills ${slot.name}`);
  if (!order) return no(`${slot.name} has no order`);
  return orderAllows(order, slot, state.latestBoot(machine.id), now);
}

/** Also where a further install was ordered, and ended before it had begun. */
function hasItsSystem({ installed }: Binding, order: Order | undefined, now: number): boolean {
  if (order?.state.kind === 'confirmed') return true;
  return installed !== undefined && (order === undefined || (order.attempts === 0 && !isLive(order, now)));
}

function orderAllows(order: Order, slot: Slot, latest: Boot | undefined, now: number): Permit {
  if (!isLive(order, now)) return no(`${order.id} is ${order.state.kind === 'open' ? 'too old' : order.state.kind}`);
  if (order.profile !== slot.profile.digest) return no(`${order.id} is for an earlier ${slot.profile.name}`);
  return hasAttempt(order, latest) ? { kind: 'yes' } : no(`all attempts of ${order.id} are used up`);
}

/** Whether a token that was made at `issuedAt` still counts: it is for the newest boot of its machine, while that is open. */
export function isForOpenBoot(state: SiteState, slot: Slot, machine: Machine | undefined, issuedAt: number): Permit {
  const boot = machine && state.latestBoot(machine.id);
  if (!machine || !boot) return no('its token is of another boot');
  if (state.marks.has(fencedMark(machine.id))) return no('the machine was replaced');
  // What an installed system has kept of its installer, it asks for again at every start.
  if (issuedAt < boot.openedAt - TOKEN_SLACK_MS) return { kind: 'over', because: 'its token is of an earlier boot' };
  if (boot.outcome) return { kind: 'over', because: `boot ${boot.id} is over: reading ended with it` };
  const isOwn = boot.slot === slot.name && state.currentBinding(slot.name)?.machine === machine.id;
  return isOwn ? { kind: 'yes' } : no(`no machine fills ${slot.name}`);
}

/**
 * Whether a token may be of a boot that is not written down yet: what is seen of a boot waits for the disk, and a fast
 * machine does not. Tokens come with scripts, and no machine is at its next script within the slack; so one that is newer
 * than the script that is known is of the next boot, or of another try in this one.
 */
export function isAhead(state: SiteState, machine: Machine | undefined, issuedAt: number): boolean {
  const boot = machine && state.latestBoot(machine.id);
  if (boot === undefined) return true;
  return boot.closedAt === undefined
    ? (boot.reached.script ?? 0) < issuedAt - TOKEN_SLACK_MS
    : boot.closedAt < issuedAt;
}

/**
 * Whether a fetch of the configuration of an install was counted: as the attempt of the newest boot of the machine. Asked
 * once the fetch is on disk, and before anything is sent.
 */
export function isCounted(state: SiteState, slot: Slot, machine: Machine | undefined): boolean {
  const boot = machine && state.latestBoot(machine.id);
  const installing = state.ordersOf(slot.name).find((order) => order.state.kind === 'installing');
  return boot !== undefined && installing?.state.kind === 'installing' && installing.state.boot === boot.id;
}

/**
 * Whether the asker may run what a live slot runs; `place`: the slot that its own MAC finds. The name of a slot leads
 * here too, and its MAC may still stand in the template after the machine was taken out of it.
 */
export function mayRun(slot: Slot, place: SlotAnswer): Permit {
  return place.kind === 'slot' && place.slot.name === slot.name ? { kind: 'yes' } : no(`it does not fill ${slot.name}`);
}

function hasAttempt(order: Order, latest: Boot | undefined): boolean {
  if (order.state.kind === 'installing' && order.state.boot === latest?.id) return true;
  return order.attempts < order.maxAttempts;
}

function no(because: string): Permit {
  return { kind: 'no', because };
}

import type { Binding } from '../../../model/boot.ts';
import type { Order } from '../../../model/order.ts';
import { DOUBT, decisiveOrder, holdMark, isLive, whyNotByClock } from '../../../model/order.ts';
import type { Slot } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';

/** Whether a machine may be installed now. `because` and `toDo` are what its screen shows. */
export type InstallPermit = { readonly kind: 'yes'; readonly order: Order; readonly attempt: number } | Refusal;

type Refusal = { readonly kind: 'no'; readonly because: string; readonly toDo?: string };

/**
 * The one gate before every install: `yes` only if the site is armed, the slot is not held, `binding` is the current one
 * of the slot, and its newest order lives, is for the profile that the slot has now, has no attempt under way and one left.
 * @param binding the binding of the machine that asks; undefined: it fills no slot
 * @param now milliseconds since 1970
 * @param armed whether a person has said that this site may install
 */
export function mayInstall(
  state: SiteState,
  slot: Slot,
  binding: Binding | undefined,
  now: number,
  armed: boolean,
): InstallPermit {
  const refusal = siteRefuses(state, slot, armed, now);
  if (refusal) return refusal;
  if (!binding || state.currentBinding(slot.name)?.number !== binding.number || binding.slot !== slot.name)
    return no(`this machine does not fill ${slot.name}`);
  const order = decisiveOrder(state, binding);
  if (!order) return no('no order: it boots its own disk', reinstall(slot));
  return orderRefuses(slot, order, now) ?? { kind: 'yes', order, attempt: order.attempts + 1 };
}

/** What holds for every machine of the slot, whoever fills it; undefined: nothing. */
export function siteRefuses(state: SiteState, slot: Slot, armed: boolean, now: number): Refusal | undefined {
  const doubt = state.marks.get(DOUBT)?.because;
  if (!armed && doubt !== undefined)
    return no(`this site is disarmed: ${doubt}`, 'slipway arm, then slipway reinstall SLOT where it is wanted');
  if (!armed) return no('this site is not armed yet: it installs nothing', 'if this is a new store, slipway arm');
  const clock = whyNotByClock(now);
  if (clock) return no(clock.because, clock.toDo);
  const hold = state.marks.get(holdMark(slot.name));
  if (!hold) return undefined;
  return no(
    `${slot.name} is held by ${hold.by}${hold.because ? `: ${hold.because}` : ''}`,
    `slipway hold ${slot.name} --off`,
  );
}

function orderRefuses(slot: Slot, order: Order, now: number): Refusal | undefined {
  const ended = endOf(order);
  if (ended !== undefined) return no(ended, order.state.kind === 'confirmed' ? undefined : reinstall(slot));
  if (!isLive(order, now)) return no('its order was not carried out in time', reinstall(slot));
  if (order.state.kind === 'installing') return diskFirst(order);
  if (order.profile !== slot.profile.digest)
    return no(`its order is for an earlier version of ${slot.profile.name}`, reinstall(slot));
  if (order.attempts >= order.maxAttempts)
    return no(`parked: ${order.attempts} of ${order.maxAttempts} attempts did not complete`, reinstall(slot));
  return undefined;
}

function endOf({ state }: Order): string | undefined {
  switch (state.kind) {
    case 'confirmed':
      return 'it is installed';
    case 'parked':
      return `parked: ${state.because}`;
    case 'void':
      return `its order is void: ${state.because}`;
    default:
      return undefined;
  }
}

/**
 * An installer that has its configuration may have done its work and told nobody yet: many a system says that it is
 * there only when it runs from its disk, and the installers of Debian, Ubuntu and Red Hat erase the disk each time they
 * start. So after an attempt the disk is tried; a machine that comes back from it unconfirmed finds its order open again.
 */
function diskFirst({ attempts, maxAttempts }: Order): Refusal {
  const next = attempts < maxAttempts ? `attempt ${attempts + 1} of ${maxAttempts} begins` : 'the site says what to do';
  return no(
    `its installer has run (attempt ${attempts} of ${maxAttempts}), and now its disk is tried`,
    `if nothing starts from the disk, switch the machine off and on, then ${next}`,
  );
}

function reinstall({ name }: Slot): string {
  return `if it is to be installed, slipway reinstall ${name}`;
}

function no(because: string, toDo?: string): Refusal {
  return { kind: 'no', because, ...(toDo === undefined ? {} : { toDo }) };
}

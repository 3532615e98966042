import { machineCode } from '../../../model/identity.ts';
import type { Machine } from '../../../model/machine.ts';
import { fencedMark } from '../../../model/order.ts';
import type { SiteState } from '../../../model/store.ts';
import { evidenceAge } from './evidence-age.ts';

/** How long a code is good after its machine was last heard: the screen may have gone on meanwhile. */
const CODE_MS = 10 * 60_000;

/**
 * The machines that show this code, or showed it within the last ten minutes: those that are held, those that were
 * fenced off, and those whose slot is taken. Upper and lower case are one: codes are read aloud. More than one is a clash of codes.
 */
export function findByCode(state: SiteState, code: string, now: number): Machine[] {
  const wanted = code.trim().toUpperCase();
  return [...state.machines.values()].filter((machine) => {
    const boot = state.latestBoot(machine.id);
    // The NIC may be another machine's since.
    const isItsOwn = boot !== undefined && state.machineWith('mac', boot.mac)?.id === machine.id;
    return isItsOwn && machineCode(boot.mac) === wanted && showsCode(state, machine, now);
  });
}

function showsCode(state: SiteState, machine: Machine, now: number): boolean {
  if (state.bindingOfMachine(machine.id) !== undefined && !state.marks.has(fencedMark(machine.id))) return false;
  const boot = state.latestBoot(machine.id);
  const isFenced = state.marks.has(fencedMark(machine.id));
  const isShown = boot?.reached.held !== undefined || isFenced || machine.contends !== undefined;
  return isShown && now - Math.max(evidenceAge(machine).lastSeen, boot?.closedAt ?? 0) < CODE_MS;
}

import { CODE_MS } from '../../../model/identity.ts';
import type { Machine } from '../../../model/machine.ts';
import { fencedMark } from '../../../model/order.ts';
import type { SiteState } from '../../../model/store.ts';
import { evidenceAge } from './evidence-age.ts';

/**
 * The machines whose screen shows this code, or showed it within the last ten minutes: those that are held, those that
 * were fenced off, and those whose slot is taken. Upper and lower case are one: codes are read aloud. More than one is a
 * clash of codes.
 */
export function findByCode(state: SiteState, code: string, now: number): Machine[] {
  const wanted = code.trim().toUpperCase();
  return [...state.machines.values()].filter((machine) => {
    const boot = state.latestBoot(machine.id);
    // The NIC may be another machine's since.
    const isItsOwn = boot !== undefined && state.machineWith('mac', boot.mac)?.id === machine.id;
    return (
      isItsOwn && boot.code === wanted && mayFill(state, machine) && now - lastHeard(machine, boot.closedAt) < CODE_MS
    );
  });
}

function mayFill(state: SiteState, { id }: Machine): boolean {
  return state.bindingOfMachine(id) === undefined || state.marks.has(fencedMark(id));
}

function lastHeard(machine: Machine, closedAt = 0): number {
  return Math.max(evidenceAge(machine).lastSeen, closedAt);
}

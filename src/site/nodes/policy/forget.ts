import type { Machine, MachineId } from '../../../model/machine.ts';
import type { Change, SiteState } from '../../../model/store.ts';
import { evidenceAge } from './evidence-age.ts';

export type ForgetLimits = { readonly beforeMs: number; readonly maxMachines: number };

/**
 * The changes that drop machines which nobody would miss: those that never filled a slot, hold no lease and have no open
 * boot, if they were last seen before `beforeMs`, or are the longest unseen beyond `maxMachines`. Whoever makes up MACs
 * would otherwise fill the memory of the site. What is left of their boots goes with them. A part of another machine stays
 * as long as that, for the merge can be undone.
 */
export function forgetMachines(state: SiteState, limits: ForgetLimits): readonly Change[] {
  const kept = new Set([...state.bindings.values()].map((binding) => binding.machine));
  for (const machine of state.machines.values()) for (const part of partsOf(machine)) kept.add(part);
  for (const boot of state.boots.values()) if (boot.closedAt === undefined) kept.add(boot.machine);
  const leased = new Set([...state.leases.values()].filter(({ state: is }) => is === 'bound').map(({ mac }) => mac));
  const idle = [...state.machines.values()]
    .filter((machine) => !kept.has(machine.id) && !holdsLease(machine, leased))
    .sort((a, b) => evidenceAge(a).lastSeen - evidenceAge(b).lastSeen);
  const tooMany = Math.max(0, state.machines.size - limits.maxMachines);
  const dropped = idle.filter((machine, index) => index < tooMany || evidenceAge(machine).lastSeen < limits.beforeMs);
  const gone = new Set<string>(dropped.map(({ id }) => id));
  const boots = [...state.boots.values()].filter((boot) => gone.has(boot.machine));
  return [
    ...dropped.map(({ id }) => ({ table: 'machines', key: id, row: null }) as const),
    ...boots.map(({ id }) => ({ table: 'boots', key: id, row: null }) as const),
  ];
}

/** What it was put together from: given back, a part has its boots. */
function partsOf({ merged = [] }: Machine): readonly MachineId[] {
  return merged.flatMap(({ former }) => [former.id, ...partsOf(former)]);
}

function holdsLease(machine: Machine, leased: ReadonlySet<string>): boolean {
  return machine.evidence.some(({ kind, value }) => kind === 'mac' && leased.has(value));
}

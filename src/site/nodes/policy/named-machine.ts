import { parseMac } from '../../../kernel/mac.ts';
import type { Machine } from '../../../model/machine.ts';
import type { SiteState } from '../../../model/store.ts';

/**
 * The machines that a person may mean: the one in a slot of that name, else the one with that id or MAC, else all that
 * show that code. Machines that are a part of another one now are not among them.
 */
export function machinesNamed(state: SiteState, name: string): readonly Machine[] {
  const binding = state.currentBinding(name);
  const mac = parseMac(name);
  const one = binding ? state.machines.get(binding.machine) : mac && state.machineWith('mac', mac);
  if (one) return [one];
  const wanted = name.toLowerCase();
  const byId = state.machines.get(wanted);
  if (byId) return byId.evidence.length > 0 ? [byId] : [];
  return [...state.machines.values()].filter(({ id }) => state.latestBoot(id)?.code?.toLowerCase() === wanted);
}

/** The machine that one with this id became a part of, by a merge that can be undone. */
export function wholeOf(state: SiteState, id: string): Machine | undefined {
  const wanted = id.toLowerCase();
  return [...state.machines.values()].find(({ merged = [] }) => merged.some(({ former }) => hasPart(former, wanted)));
}

/** Whether a machine is the one with this id, or that one came to it. */
export function hasPart({ id, merged = [] }: Machine, wanted: string): boolean {
  return id === wanted || merged.some(({ former }) => hasPart(former, wanted));
}

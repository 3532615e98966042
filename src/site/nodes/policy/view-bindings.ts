import type { SiteState } from '../../../model/store.ts';
import type { BindingView } from '../../../wire/api/views.ts';
import { describe } from './words.ts';

/** Who filled a slot one after the other, the newest first. */
export function viewBindings(slot: string, state: SiteState): BindingView[] {
  const own = [...state.bindings.values()].filter((binding) => binding.slot === slot);
  const newestFirst = own.sort((a, b) => b.number - a.number);
  return newestFirst.map(({ number, machine, since, releasedAt, placedBy: by }, index) => {
    const until = releasedAt ?? newestFirst[index - 1]?.since;
    const row = state.machines.get(machine);
    return {
      ...{ number, machine, name: row ? describe(row) : machine, since },
      ...(by === undefined ? {} : { by }),
      ...(until === undefined ? {} : { until }),
      ...(releasedAt === undefined ? {} : { released: true }),
    };
  });
}

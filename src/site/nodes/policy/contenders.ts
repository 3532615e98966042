import { isApart, matchesMachine } from '../../../model/identity.ts';
import type { Contention, Machine } from '../../../model/machine.ts';
import { macsOf } from '../../../model/machine.ts';
import { fencedMark } from '../../../model/order.ts';
import type { Revision, Slot } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';
import type { ContenderView } from '../../../wire/api/views.ts';
import { evidenceAge } from './evidence-age.ts';

/** A machine that was taken away is no contender any more; one that is switched off for the night still is. */
const FORGOTTEN_MS = 24 * 3_600_000;

export type Facts = {
  readonly state: SiteState;
  readonly revision: Revision | undefined;
  readonly now: number;
  /** Whoever looks may see what stands on the screens; no, if it is missing. */
  readonly showsCodes?: boolean;
};

/** The slot that a machine would fill if another one did not, as long as that is so. */
export function contentionOf(machine: Machine, { state, revision, now }: Facts): Contention | undefined {
  const { contends } = machine;
  const slot = contends && revision?.slots[contends.slot];
  const incumbent = contends && state.machines.get(contends.by);
  if (!slot || !incumbent || state.currentBinding(slot.name)?.machine !== incumbent.id) return undefined;
  const isSettled = state.bindingOfMachine(machine.id) !== undefined || state.marks.has(fencedMark(machine.id));
  if (isSettled || now - evidenceAge(machine).lastSeen > FORGOTTEN_MS) return undefined;
  return stillContends(contends, machine, slot, incumbent) ? contends : undefined;
}

function stillContends({ why }: Contention, machine: Machine, slot: Slot, incumbent: Machine): boolean {
  if (why === 'match') return matchesMachine(slot, machine);
  return !macsOf(machine).some((mac) => isApart(incumbent, mac));
}

/** All that contend for slots, by the name of the slot, the first to come first. */
export function contendersBySlot(facts: Facts): ReadonlyMap<string, readonly ContenderView[]> {
  const found = [...facts.state.machines.values()].flatMap((machine) => {
    const contention = contentionOf(machine, facts);
    return contention ? [{ machine, contention }] : [];
  });
  found.sort((a, b) => a.contention.since - b.contention.since);
  const bySlot = new Map<string, ContenderView[]>();
  for (const { machine, contention } of found)
    bySlot.set(contention.slot, [...(bySlot.get(contention.slot) ?? []), viewContender(machine, contention, facts)]);
  return bySlot;
}

function viewContender(machine: Machine, contention: Contention, { state, showsCodes }: Facts): ContenderView {
  const { slot, by, why, since } = contention;
  const macs = macsOf(machine);
  const code = showsCodes ? state.latestBoot(machine.id)?.code : undefined;
  const isCard = { when: `it is a network card of ${by}`, do: `slipway merge ${slot} ${machine.id}` };
  const who = { machine: machine.id, ...(code === undefined ? {} : { code }), macs, since };
  if (why === 'uuid')
    return {
      ...{ ...who, because: `it says the UUID of ${by}, which fills ${slot}` },
      toDo: [
        isCard,
        {
          when: 'it is another machine',
          do: `slipway split ${slot} ${machine.id}; then it shows its code and can be given a slot`,
        },
      ],
    };
  return {
    ...{ ...who, because: `the template means it too, and ${by} fills ${slot}` },
    toDo: [
      {
        when: `it is to take the place of ${by}`,
        do: `switch ${by} off, then slipway replace ${slot} ${code ?? 'CODE'}`,
      },
      isCard,
      { when: 'it does not belong there', do: `take its MAC, UUID or serial number out of ${slot} in the template` },
    ],
  };
}

import { formatDuration } from '../../../kernel/duration.ts';
import { findMachine } from '../../../model/identity.ts';
import type { Context } from './context.ts';
import { OFFERED } from './stall-table.ts';
import { describe } from './words.ts';

/** As in the view of a boot that is not open yet. */
const STAGE = 'offered';

/**
 * Tells of each machine of a slot whose firmware asks for an address and comes no further. Only of those that the site
 * knows: a DISCOVER of somebody else must not write anything.
 */
export function noteUnanswered({ draft, memory }: Context, at: number, listeningSince: number): void {
  for (const [mac, sighting] of memory.sightingsAt(at)) {
    const since = Math.max(sighting.firstAt, listeningSince);
    const machine = at - since < OFFERED.allowed ? undefined : findMachine({ mac }, draft, at);
    const slot = machine && draft.bindingOfMachine(machine.id)?.slot;
    // One packet is no "again and again": a firmware that heard an answer elsewhere is silent at once.
    if (!machine || slot === undefined || sighting.lastAt === sighting.firstAt) continue;
    if (!memory.mayTellOf(mac, sighting)) continue;
    const { id, cause, nextStep } = OFFERED;
    const sentence = `${slot}: no step for ${formatDuration(at - since)}: ${cause} (${describe(machine)}). ${nextStep}.`;
    const data = { stage: STAGE, row: id, since, cause, nextStep, mac };
    draft.say({ type: 'boot-stalled', at, sentence, machine: machine.id, slot, data });
  }
}

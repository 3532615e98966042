import type { Slot } from '../model/revision.ts';

/** Slots whose machines are told the same, but for names and addresses: one of each is walked for all of them. */
export function alike(slots: readonly Slot[]): readonly (readonly [Slot, ...Slot[]])[] {
  const groups = new Map<string, [Slot, ...Slot[]]>();
  for (const slot of slots) {
    const shape = Object.entries(slot.interfaces).map(([name, { boot, network, address, mac }]) => {
      return [name, boot, network, address !== undefined, mac !== undefined];
    });
    const key = JSON.stringify([slot.profile.digest, slot.hardware, shape]);
    const group = groups.get(key);
    if (group) group.push(slot);
    else groups.set(key, [slot]);
  }
  return [...groups.values()];
}

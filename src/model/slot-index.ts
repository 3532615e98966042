import type { Slot } from './revision.ts';

/** What is known of a machine, in all spellings in which a template may have it. */
export type Said = {
  readonly macs: readonly string[];
  readonly uuids: readonly string[];
  readonly serials: readonly string[];
};

type Slots = Readonly<Record<string, Slot>>;
type Place = { readonly at: number; readonly slot: Slot };
type Index = ReadonlyMap<string, readonly Place[]>;

const indexes = new WeakMap<Slots, Index>();

/**
 * The slots that may mean a machine of which this is said, in the order of the template: all that could match are among
 * them. The index is made at the first question and goes with its revision, which never changes.
 */
export function slotsNaming(slots: Slots, { macs, uuids, serials }: Said): readonly Slot[] {
  const index = indexes.get(slots) ?? keep(slots);
  const keys = [
    ...macs.map((mac) => `mac ${mac}`),
    ...uuids.map((uuid) => `uuid ${uuid}`),
    ...serials.map((serial) => `serial ${serial}`),
  ];
  const found = keys.flatMap((key) => index.get(key) ?? []);
  return found.toSorted((a, b) => a.at - b.at).map(({ slot }) => slot);
}

function keep(slots: Slots): Index {
  const index = new Map<string, Place[]>();
  for (const [at, slot] of Object.values(slots).entries()) {
    for (const { mac, uuid, serial } of slot.match) {
      // All that a row names must agree: whoever lacks one of them need not be found by the others.
      const [key] = Object.entries({ mac, uuid, serial }).flatMap(([kind, value]) =>
        value === undefined ? [] : [`${kind} ${value}`],
      );
      if (key === undefined) continue;
      const places = index.get(key) ?? [];
      places.push({ at, slot });
      index.set(key, places);
    }
  }
  indexes.set(slots, index);
  return index;
}

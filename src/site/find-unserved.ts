import type { Revision } from '../model/revision.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import { advertised, lackingLoaders } from './advertised.ts';
import { alike } from './alike-slots.ts';
import { createDrySite, type DryParts } from './dry-site.ts';
import { fetchRow } from './fetch-row.ts';
import { fetchSlot, type Walk } from './fetch-slot.ts';
import { createTurns } from './turns.ts';

export type ServeWorld = DryParts & { readonly addresses: readonly SiteAddress[] };

/**
 * Fetches all that an answer by `revision` could name, by the code that serves it: every loader and first script of every
 * kind of client, by TFTP and HTTP; the script of every slot, as iPXE and as GRUB ask for it; and every file and document
 * that such a script names. Answers a sentence for each that would not come; empty: what would be advertised is served.
 * A profile whose files are still on their way is left out: its machines are told to wait. Everybody else on this thread
 * has a turn every few milliseconds.
 */
export async function findUnserved(revision: Revision, world: ServeWorld): Promise<readonly string[]> {
  return [...lackingLoaders(revision, world.addresses, world.loaders), ...(await findUnfetched(revision, world))];
}

/**
 * As `findUnserved`, of the revision alone: all its files are taken to be here, whatever the store has of them by now, and
 * no loader is missed, for it may come yet.
 */
export function findUnanswerable(revision: Revision, world: ServeWorld): Promise<readonly string[]> {
  const content: ServeWorld['content'] = {
    stateOf: () => ({ kind: 'complete', sizeBytes: 1 }),
    open: async () => ({ sizeBytes: 1, read: readOne, close: async () => undefined }),
  };
  return findUnfetched(revision, { ...world, content });
}

const readOne = async (_into: Uint8Array, position: number): Promise<number> => (position === 0 ? 1 : 0);

async function findUnfetched(revision: Revision, world: ServeWorld): Promise<readonly string[]> {
  // Whom the template tells to leave alone is not the machine that asks here.
  const tried = { ...revision, unknownMachines: { ...revision.unknownMachines, ignore: [] } };
  const dry = await createDrySite(tried, world);
  const walk: Walk = { ...world, dry, revision: tried, seen: new Set(), turn: createTurns() };
  try {
    const faults: string[] = [];
    for (const row of advertised(tried, world.addresses, world.loaders)) {
      faults.push(...(await fetchRow(dry, row)));
      await walk.turn();
    }
    for (const [slot, ...others] of alike(Object.values(tried.slots))) {
      const name = others.length === 0 ? slot.name : `${slot.name} and ${others.length} more like it`;
      for (const because of await fetchSlot(slot, walk)) faults.push(`${name}: ${because}`);
    }
    return faults;
  } finally {
    await dry.close();
  }
}

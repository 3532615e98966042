import { type BootRole, type BootWay, isSameWay } from '../../../model/boot-way.ts';

/** How far a client has come since it was last answered by DHCP. */
export type WayStage = 'offered' | 'taken' | 'fetched' | 'runs' | 'asked';

/** What is seen of a client on its way to its script. */
export type WayInput =
  /** It has taken our address, or asked the boot server port. What it takes of another server says nothing of our answer. */
  | 'took'
  /** A loader went out to it whole. */
  | 'fetched'
  /** That loader runs: it was heard itself. */
  | 'ran'
  /** It asked for its script. That is all that an answer of DHCP can do. */
  | 'asked';

type Patience = {
  /** So many power-ons, or repeated DISCOVERs, are answered in this way before it counts as failed. */
  readonly tries: number;
  /** And not before this time has passed since the first of them. */
  readonly overMs: number;
  /** What failed: the form of the answer, or the loader that came by it. */
  readonly blames: 'shape' | 'loader';
};

/** Firmware repeats DISCOVER after 4, 8, 16 and 32 s: four of them within 28 s, then it gives up (PXE 2.1 section 2.2.1). */
const ROUND_MS = 25_000;

/**
 * When a DISCOVER says that the answer before it was of no use, by how far the client had come; undefined: never.
 *
 * Only answers that we gave are counted, so a switch port that is still blocked costs nothing: what it swallows, we do
 * not hear. Two answers in one way are given because one may be lost; the third DISCOVER, 12 s after the first, is
 * answered otherwise, and firmware that gives up after four has seen two ways. Beside another server a DISCOVER is also
 * repeated while that one looks whether its address is free: three, until nobody can be looking any more.
 */
export function patienceWith(stage: WayStage, role: BootRole, isProved: boolean): Patience | undefined {
  switch (stage) {
    case 'offered':
      return role === 'proxy'
        ? { tries: 3, overMs: 10_000, blames: 'shape' }
        : { tries: 2, overMs: 3_000, blames: 'shape' };
    // Somebody may have switched it off meanwhile; twice that is no accident.
    case 'taken':
      return { tries: 2, overMs: 3_000, blames: 'shape' };
    // A loader that worked in this machine before gets a second chance.
    case 'fetched':
      return { tries: isProved ? 2 : 1, overMs: 0, blames: 'loader' };
    // A loader that loads a loader: three of them are a loop.
    case 'runs':
      return { tries: 3, overMs: 0, blames: 'loader' };
    case 'asked':
      return undefined;
  }
}

/** What is remembered of one client of one kind between its first DISCOVER and its script. Times are milliseconds. */
export type Spell = {
  readonly way: BootWay;
  readonly stage: WayStage;
  /** Transaction of the last DISCOVER. */
  readonly xid: number;
  /** When the first DISCOVER of this spell came. */
  readonly beganAt: number;
  readonly lastAt: number;
  /** How often it came back from each stage in this way, and since when. */
  readonly tries: Readonly<Partial<Record<WayStage, number>>>;
  readonly since: number;
  /** Shapes that it does not take, and loaders that do not run. */
  readonly failed: readonly string[];
  /** The way worked in this machine, or in one of its model, at an earlier time. */
  readonly isProved: boolean;
  /** The loader that comes next if the one of this way is fetched and never runs; undefined: there is no other. */
  readonly spare?: string;
  /** All ways failed, one after the other; it began with the first once more. */
  readonly isDeaf: boolean;
};

const STAGES: readonly WayStage[] = ['offered', 'taken', 'fetched', 'runs', 'asked'];
const REACHES: Readonly<Record<WayInput, WayStage>> = {
  took: 'taken',
  fetched: 'fetched',
  ran: 'runs',
  asked: 'asked',
};

/** The spell after something was seen; never further back: a loader that is fetched again after it ran is still one that runs. */
export function advanceSpell(spell: Spell, input: WayInput): Spell {
  const stage = REACHES[input];
  if (STAGES.indexOf(stage) <= STAGES.indexOf(spell.stage)) return spell;
  return { ...spell, stage, isDeaf: false };
}

/** One DISCOVER that is about to be answered. `ways` are in the order in which they are tried; there is at least one. */
export type Asked = {
  readonly at: number;
  readonly xid: number;
  readonly role: BootRole;
  readonly ways: readonly [BootWay, ...BootWay[]];
  readonly isProved: (way: BootWay) => boolean;
};

/** One frame that came over two relays, or was doubled on its way, is no second question. */
const DOUBLE_MS = 1_000;

/** The spell in which a DISCOVER is answered: in the same way as the last one, or in the next one. */
export function askAgain(spell: Spell | undefined, asked: Asked): Spell {
  const { spare: _, ...next } = answered(spell, asked);
  const spare = next.way.loader === undefined ? undefined : nextWay(blame(next, 'loader'), 'loader', asked)?.loader;
  return spare === undefined ? next : { ...next, spare };
}

function answered(spell: Spell | undefined, asked: Asked): Spell {
  const { at, xid, ways } = asked;
  // What the template says may have changed meanwhile.
  if (!spell || spell.stage === 'asked' || !isPossible(spell.way, ways)) return begin(ways[0], asked);
  if (spell.xid === xid && at - spell.lastAt < DOUBLE_MS) return spell;
  const patience = patienceWith(spell.stage, asked.role, spell.isProved);
  const tries = (spell.tries[spell.stage] ?? 0) + 1;
  const isUsedUp = patience !== undefined && tries >= patience.tries && at - spell.since >= patience.overMs;
  if (isUsedUp) return moveOn(spell, patience.blames, asked);
  return { ...spell, stage: 'offered', xid, lastAt: at, tries: { ...spell.tries, [spell.stage]: tries } };
}

function begin(way: BootWay, { at, xid, isProved }: Asked): Spell {
  const fresh = { tries: {}, since: at, failed: [], isProved: isProved(way), isDeaf: false };
  return { way, stage: 'offered', xid, beganAt: at, lastAt: at, ...fresh };
}

function moveOn(spell: Spell, blames: Patience['blames'], asked: Asked): Spell {
  const { at, xid, ways, isProved } = asked;
  const failed = blame(spell, blames);
  const way = nextWay(failed, blames, asked);
  if (way) {
    const again = { stage: 'offered', xid, lastAt: at, tries: {}, since: at } as const;
    return { ...spell, ...again, way, failed: failed.failed, isProved: isProved(way) };
  }
  const isDeaf = spell.isDeaf || at - spell.beganAt >= ROUND_MS;
  return { ...begin(ways[0], asked), beganAt: spell.beganAt, isDeaf };
}

function blame({ way, failed }: Spell, blames: Patience['blames']): Pick<Spell, 'way' | 'failed'> {
  const what = way[blames];
  return { way, failed: what === undefined ? failed : [...failed, what] };
}

/** A loader that came whole proves the form of the answer, whatever was thought of it before: only the loader is another one. */
function nextWay(
  { way, failed }: Pick<Spell, 'way' | 'failed'>,
  blames: Patience['blames'],
  { ways }: Asked,
): BootWay | undefined {
  const isGood = (what: string | undefined): boolean => what === undefined || !failed.includes(what);
  const next = ways.find((one) => isGood(one.loader) && (blames === 'loader' || isGood(one.shape)));
  if (!next || isSameWay(next, way)) return undefined;
  return blames === 'loader' && next.loader !== undefined ? { shape: way.shape, loader: next.loader } : next;
}

/** Whether a way can be put together from those that there are: the form of an answer and a loader are chosen apart. */
export function isPossible(way: BootWay, ways: readonly BootWay[]): boolean {
  return ways.some(({ shape }) => shape === way.shape) && ways.some(({ loader }) => loader === way.loader);
}

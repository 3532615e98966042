import type { FleetEvent } from '../../../model/fleet/hub-store.ts';
import type { Event, Item } from '../../../wire/link/gen/link.ts';
import { isTooDeep } from './depth.ts';

/** What an item of a report says. `seq` is its first number, `through` its last one. */
export type ReadItem = { readonly seq: number; readonly through: number } & (
  | { readonly kind: 'event'; readonly event: FleetEvent }
  /** `none`: no event is missing, the numbering begins behind it. */
  | { readonly kind: 'gap'; readonly reason: string; readonly none: boolean }
  /** It can never be kept as it is. */
  | { readonly kind: 'dead'; readonly because: string }
);

const MAX_DATA_CHARS = 256 * 1024;
const MAX_SENTENCE_CHARS = 16 * 1024;
const MAX_NAME_CHARS = 200;
/** ECMA-262, 21.4.1.1: what lies beyond is no date. */
const MOST_TIME_MS = 8_640_000_000_000_000n;
const TYPE = /^[a-z][a-z0-9-]{0,63}$/;

/** Reads one item; undefined: it has no number that could be acknowledged. */
export function readItem(item: Item, site: string, now: number): ReadItem | undefined {
  const seq = numberOf(item.seq);
  if (seq === undefined) return undefined;
  if (item.event) return readEvent(item.event, { site, epoch: item.epoch, seq, receivedAt: now });
  if (item.gap) {
    const through = numberOf(item.gap.through);
    if (through === undefined || through < seq)
      return { kind: 'dead', seq, through: seq, because: 'a gap that ends before it begins' };
    return { kind: 'gap', seq, through, reason: item.gap.reason.slice(0, 1_000), none: item.gap.count === 0n };
  }
  return {
    kind: 'dead',
    seq,
    through: seq,
    because: 'neither an event nor a gap: of a newer kind than this head office',
  };
}

function readEvent(event: Event, where: Pick<FleetEvent, 'site' | 'epoch' | 'seq' | 'receivedAt'>): ReadItem {
  const at = { seq: where.seq, through: where.seq };
  const because = whyDead(event);
  if (because !== undefined) return { kind: 'dead', ...at, because };
  return {
    kind: 'event',
    ...at,
    event: {
      ...where,
      type: event.type,
      at: Number(event.atMs),
      sentence: event.sentence,
      ...(event.machine ? { machine: event.machine } : {}),
      ...(event.slot ? { slot: event.slot } : {}),
      ...(event.boot ? { boot: event.boot } : {}),
      ...(event.data ? { data: event.data } : {}),
    },
  };
}

function whyDead(event: Event): string | undefined {
  // `gap` is head office's own word.
  if (!TYPE.test(event.type) || event.type === 'gap') return 'its type is no name of an event';
  if (event.atMs > MOST_TIME_MS || event.atMs < -MOST_TIME_MS) return 'its time is no time';
  if (event.sentence.length > MAX_SENTENCE_CHARS) return `its sentence is longer than ${MAX_SENTENCE_CHARS} characters`;
  if ([event.machine, event.slot, event.boot].some((name) => name.length > MAX_NAME_CHARS))
    return `a name in it is longer than ${MAX_NAME_CHARS} characters`;
  if (event.data.length > MAX_DATA_CHARS) return `its data is longer than ${MAX_DATA_CHARS} characters`;
  if (isTooDeep(event.data)) return 'its data is too deep';
  return event.data === '' || isJsonObject(event.data) ? undefined : 'its data is no JSON object';
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function numberOf(big: bigint): number | undefined {
  const seq = Number(big);
  return Number.isSafeInteger(seq) && seq > 0 ? seq : undefined;
}

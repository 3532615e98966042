import type { MacAddress } from '../../../kernel/mac.ts';
import type { BootId } from '../../../model/boot.ts';
import type { Signal } from '../../../model/signal.ts';

/** A machine that was heard, and has not yet been promised anything. */
export type Sighting = {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly uuid?: string;
  /** What it asked; of firmware and the iPXE that it started, the firmware. */
  readonly asked?: Dhcp;
};

type Dhcp = Extract<Signal, { kind: 'dhcp' }>;

/** How far a file has come on its way to a machine. */
export type Progress = {
  readonly file: string;
  readonly bytesSent: number;
  readonly sizeBytes: number;
  /** When bytes flowed last. */
  readonly at?: number;
};

/** A UUID as it was said, and in the one of its byte orders by which it is compared. */
export type SaidUuid = { readonly uuid: string; readonly said: string };

/** A UUID that a MAC came with, and how long without another one in between. */
type Spell = SaidUuid & { readonly since: number; readonly lastAt: number };

/** Enough for the largest pool, and a flood of made-up MACs ends here. */
const MAX_SIGHTINGS = 4096;
const MAX_PROGRESS = 1024;
const MAX_REPORTED_BOOTS = 1024;
const MAX_REPORTS = 200;
/** A firmware repeats its DISCOVER within 4, 8, 16, 32 seconds: after a longer silence it was switched on anew. */
const FORGET_MS = 2 * 60_000;
/** A machine that was switched off and its disk put elsewhere takes longer; two that are on ask again sooner. */
const HOLDERS_MS = 10 * 60_000;
/** More clones than that in turn are found when two of them meet. */
const MAX_SPELLS = 4;
const TELL_OF_HOLDERS_MS = 60 * 60_000;
/** A machine that pulls the same again and again, as one that cannot start it does, fills no timeline. */
const TELL_OF_IMAGES_MS = 60 * 60_000;
const MAX_IMAGES = 50;
const STRANGERS_MS = 60 * 60_000;
/** A loader that only loads a loader does so in seconds. */
const HOPS_MS = 60_000;

/**
 * What the room remembers but never writes down. It may be lost at any time, and then a boot seems to begin with its
 * REQUEST and a bar of progress is missing, nothing else. Bounded: who was not heard for longest gives way.
 */
export class Memory {
  readonly #sightings = new Map<MacAddress, Sighting>();
  readonly #progress = new Map<MacAddress, Progress>();
  readonly #reports = new Map<BootId, number>();
  readonly #toldOf = new Map<MacAddress, number>();
  readonly #spells = new Map<string, readonly Spell[]>();
  readonly #toldOfHolders = new Map<MacAddress, number>();
  readonly #strangers = new Map<MacAddress, number>();
  readonly #images = new Map<MacAddress, ReadonlyMap<string, number>>();
  readonly #loaders = new Map<MacAddress, readonly number[]>();

  /** Notes a DISCOVER that may begin a boot. */
  see(mac: MacAddress, at: number, uuid: string | undefined, asked?: Dhcp): void {
    const before = this.sightingOf(mac, at);
    const first = asked?.client === 'firmware' ? asked : (before?.asked ?? asked);
    const named = { ...(uuid ? { uuid } : {}), ...(first ? { asked: first } : {}) };
    const sighting = { firstAt: before?.firstAt ?? at, lastAt: at, ...named };
    putNewest(this.#sightings, mac, sighting, MAX_SIGHTINGS);
  }

  sightingOf(mac: MacAddress, at: number): Sighting | undefined {
    const known = this.#sightings.get(mac);
    return known && at - known.lastAt < FORGET_MS ? known : undefined;
  }

  /** A sighting that a boot row speaks of now. */
  forget(mac: MacAddress): void {
    this.#sightings.delete(mac);
    this.#progress.delete(mac);
  }

  /** Who was heard and not yet promised anything, and since when, as of `at`. */
  sightingsAt(at: number): (readonly [MacAddress, Sighting])[] {
    return [...this.#sightings].filter(([mac]) => this.sightingOf(mac, at) !== undefined);
  }

  /** Whether this sighting is told of for the first time. */
  mayTellOf(mac: MacAddress, { firstAt }: Sighting): boolean {
    if (this.#toldOf.get(mac) === firstAt) return false;
    putNewest(this.#toldOf, mac, firstAt, MAX_SIGHTINGS);
    return true;
  }

  get sightings(): number {
    return this.#sightings.size;
  }

  noteProgress(mac: MacAddress, progress: Progress): void {
    putNewest(this.#progress, mac, progress, MAX_PROGRESS);
  }

  progressOf(mac: MacAddress): Progress | undefined {
    return this.#progress.get(mac);
  }

  /**
   * Notes the UUID that came over one way (`key`). Answers the UUID of another machine if this one was here before
   * that, within minutes: then both are on. The same signal heard once more gets the same answer.
   */
  hearUuid(key: string, { uuid, said }: SaidUuid, at: number): string | undefined {
    const spells = this.#spells.get(key) ?? [];
    const last = spells.at(-1);
    const next =
      last?.uuid === uuid
        ? [...spells.slice(0, -1), { ...last, lastAt: at }]
        : [...spells, { uuid, said, since: at, lastAt: at }].slice(-MAX_SPELLS);
    putNewest(this.#spells, key, next, MAX_SIGHTINGS);
    const isBack = next.slice(0, -1).some((spell) => spell.uuid === uuid && at - spell.lastAt <= HOLDERS_MS);
    return isBack && next.at(-1)?.since === at ? next.at(-2)?.said : undefined;
  }

  /** Whether the alarm about the holders of a MAC is due: once in an hour. */
  mayTellOfHolders(mac: MacAddress, at: number): boolean {
    const told = this.#toldOfHolders.get(mac);
    if (told !== undefined && told !== at && Math.abs(at - told) < TELL_OF_HOLDERS_MS) return false;
    putNewest(this.#toldOfHolders, mac, at, MAX_SIGHTINGS);
    return true;
  }

  /** Whether a machine that nobody expects may be told of: so many in an hour. The same one may again. */
  mayMeet(mac: MacAddress, at: number, most: number): boolean {
    for (const [met, since] of this.#strangers) if (Math.abs(at - since) > STRANGERS_MS) this.#strangers.delete(met);
    if (!this.#strangers.has(mac) && this.#strangers.size >= most) return false;
    if (!this.#strangers.has(mac)) this.#strangers.set(mac, at);
    return true;
  }

  /** Notes that a loader went out whole; answers how many did within a minute, since a script was asked for. */
  countLoader(mac: MacAddress, at: number): number {
    const recent = (this.#loaders.get(mac) ?? []).filter((before) => before !== at && Math.abs(at - before) <= HOPS_MS);
    putNewest(this.#loaders, mac, [...recent, at], MAX_SIGHTINGS);
    return recent.length + 1;
  }

  /** Its script was asked for: what its loaders were fetched for. */
  forgetLoaders(mac: MacAddress): void {
    this.#loaders.delete(mac);
  }

  /** Whether an image that a machine pulled is told of: each once in an hour, and so many at most. */
  mayTellOfImage(mac: MacAddress, image: string, at: number): boolean {
    const recent = [...(this.#images.get(mac) ?? [])].filter(([, told]) => Math.abs(at - told) < TELL_OF_IMAGES_MS);
    const told = new Map(recent);
    const before = told.get(image);
    if (before === undefined ? told.size >= MAX_IMAGES : before !== at) return false;
    putNewest(this.#images, mac, told.set(image, at), MAX_PROGRESS);
    return true;
  }

  /** Counts a report of a boot; false: it has reported enough. */
  mayReport(boot: BootId): boolean {
    const count = (this.#reports.get(boot) ?? 0) + 1;
    putNewest(this.#reports, boot, count, MAX_REPORTED_BOOTS);
    return count <= MAX_REPORTS;
  }
}

/** A Map keeps the order of insertion: put last, the first is the oldest. */
function putNewest<K, V>(map: Map<K, V>, key: K, value: V, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

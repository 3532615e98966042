import type { MacAddress } from '../../kernel/mac.ts';
import type { SpellEffect, WayView } from './policy/decision.ts';
import { type Asked, advanceSpell, askAgain, type Spell, type WayInput } from './policy/way-machine.ts';

/** Firmware that was silent for so long gave up, or booted from its disk: when it comes back, it begins anew. */
const FORGET_MS = 10 * 60_000;
/** Those that have come back at least once. */
const MAX_KNOWN = 4096;
/** Those that were heard once: a flood of made-up MACs pushes only them out. */
const MAX_NEWCOMERS = 2048;

type Entry = { readonly lastAt: number; readonly spells: ReadonlyMap<string, Spell> };

/**
 * How far each client came in the way in which it is answered. Memory alone, and bounded: who is forgotten begins with
 * the first way once more. Times are milliseconds of a clock that nobody sets.
 */
export class WayBook implements WayView {
  readonly #known = new Map<MacAddress, Entry>();
  readonly #newcomers = new Map<MacAddress, Entry>();
  readonly #monotonic: () => number;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** The spell in which a DISCOVER of this client is answered; nothing is written down. */
  ask(mac: MacAddress, kind: string, asked: Omit<Asked, 'at'>): Spell {
    return askAgain(this.spellOf(mac, kind), { ...asked, at: this.#monotonic() });
  }

  /** The spell of its last DISCOVER, as far as that is remembered. */
  spellOf(mac: MacAddress, kind: string): Spell | undefined {
    return this.#entryOf(mac)?.spells.get(kind);
  }

  apply({ mac, kind, spell }: SpellEffect): void {
    const before = this.#entryOf(mac);
    this.#put(
      mac,
      { lastAt: this.#monotonic(), spells: new Map(before?.spells).set(kind, spell) },
      before !== undefined,
    );
  }

  /** Something was seen of a client after its DISCOVER. Of one that is not remembered, it says nothing. */
  hear(mac: MacAddress, input: WayInput, isAbout: (kind: string) => boolean = () => true): void {
    const before = this.#entryOf(mac);
    if (!before) return;
    const spells = [...before.spells].map(
      ([kind, spell]) => [kind, isAbout(kind) ? advanceSpell(spell, input) : spell] as const,
    );
    this.#put(mac, { lastAt: this.#monotonic(), spells: new Map(spells) }, true);
  }

  get size(): number {
    return this.#known.size + this.#newcomers.size;
  }

  #entryOf(mac: MacAddress): Entry | undefined {
    const entry = this.#known.get(mac) ?? this.#newcomers.get(mac);
    return entry && this.#monotonic() - entry.lastAt < FORGET_MS ? entry : undefined;
  }

  #put(mac: MacAddress, entry: Entry, isKnown: boolean): void {
    this.#known.delete(mac);
    this.#newcomers.delete(mac);
    const [map, limit] = isKnown ? [this.#known, MAX_KNOWN] : [this.#newcomers, MAX_NEWCOMERS];
    // A Map keeps the order of insertion: the first is the one that was silent for longest.
    map.set(mac, entry);
    for (const oldest of map.keys()) {
      if (map.size <= limit) return;
      map.delete(oldest);
    }
  }
}

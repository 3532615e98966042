/** A map that shows `upper` over `lower` without the keys in `dropped`, and copies none of them. */
export class Overlay<V> implements ReadonlyMap<string, V> {
  readonly #upper: ReadonlyMap<string, V>;
  readonly #lower: ReadonlyMap<string, V>;
  readonly #dropped: ReadonlySet<string>;

  constructor(upper: ReadonlyMap<string, V>, lower: ReadonlyMap<string, V>, dropped: ReadonlySet<string> = new Set()) {
    this.#upper = upper;
    this.#lower = lower;
    this.#dropped = dropped;
  }

  get size(): number {
    return [...this.keys()].length;
  }

  get(key: string): V | undefined {
    return this.#dropped.has(key) ? undefined : (this.#upper.get(key) ?? this.#lower.get(key));
  }

  has(key: string): boolean {
    return !this.#dropped.has(key) && (this.#upper.has(key) || this.#lower.has(key));
  }

  *entries(): MapIterator<[string, V]> {
    for (const entry of this.#upper) if (!this.#dropped.has(entry[0])) yield entry;
    for (const entry of this.#lower) if (!this.#upper.has(entry[0]) && !this.#dropped.has(entry[0])) yield entry;
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(run: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) run(value, key, this);
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
}

/** Counts by name, such as `received`, `reply.ack`, `ignored.no-loader`; names come from closed lists, never from packets. */
export class Counters {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** All counts so far. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }
}

import type { Cancel, Clock } from '../../../kernel/ports.ts';
import type { EventType, NewEvent } from '../../../model/event.ts';
import type { Store } from '../../../model/store.ts';
import { type Applied, type ApplyEvent, NOTHING_APPLIED, step, type Wanted } from '../policy/apply.ts';
import type { ApplyFiles } from './ports.ts';

export type BookDeps = { readonly files: ApplyFiles; readonly store: Store; readonly clock: Clock };

/** What is known of head office's revisions: in memory only what is on disk. */
export class ApplyBook {
  readonly #deps: BookDeps;
  readonly #listeners = new Set<() => void>();
  #applied: Applied = NOTHING_APPLIED;
  #waitsFor: string | undefined;

  constructor(deps: BookDeps) {
    this.#deps = deps;
  }

  get applied(): Applied {
    return this.#applied;
  }

  /** What the candidate waits for, as last seen; not on disk. */
  get waitsFor(): string | undefined {
    return this.#waitsFor;
  }

  /** As it was read at the start. */
  open(applied: Applied): void {
    this.#applied = applied;
  }

  /** Rejects as files do; nothing has changed then. */
  async save(next: Applied): Promise<void> {
    if (next === this.#applied) return;
    await this.#deps.files.write(next);
    this.#applied = next;
    this.#changed();
  }

  async step(event: Exclude<ApplyEvent, 'newer'>, more: Parameters<typeof step>[3] = {}): Promise<void> {
    await this.save(step(this.#applied, event, this.#deps.clock.now(), more));
  }

  note(waitsFor: string | undefined): void {
    if (this.#waitsFor === waitsFor) return;
    this.#waitsFor = waitsFor;
    this.#changed();
  }

  /** Forgets the bundles that nobody needs any more. */
  async tidy(): Promise<void> {
    const { candidate, confirmed } = this.#applied;
    await this.#deps.files.retain(
      [candidate, confirmed].flatMap((one): Wanted['bundle'][] => (one ? [one.bundle] : [])),
    );
  }

  async tell(type: EventType, sentence: string, about?: { readonly number: number }): Promise<void> {
    await this.#deps.store.commit([], [this.event(type, sentence, about)]);
  }

  event(type: EventType, sentence: string, about?: { readonly number: number }): NewEvent {
    return { type, at: this.#deps.clock.now(), sentence, ...(about ? { data: { number: about.number } } : {}) };
  }

  onChange(run: () => void): Cancel {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  #changed(): void {
    for (const run of this.#listeners) run();
  }
}

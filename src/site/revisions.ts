import { watchFiles } from '../adapters/node/watch-files.ts';
import type { Digest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import type { Cancel, Clock } from '../kernel/ports.ts';
import type { Result } from '../kernel/result.ts';
import type { Revision } from '../model/revision.ts';
import type { RevisionSource } from '../model/site-ports.ts';
import { type KeeperDeps, openRevisionKeeper, type RevisionKeeper, slotsOf } from './revision-keeper.ts';

/** What the template files amount to now: a revision, or the problems in words; and the files that were read for it. */
export type Compiled = { readonly outcome: Result<Revision, readonly string[]>; readonly files: readonly string[] };

export type RevisionDeps = KeeperDeps & {
  readonly compile: (number: number) => Promise<Compiled>;
  readonly clock: Clock;
  /** Why machines could not be answered by a revision that is not in force; undefined: they could. */
  readonly fault?: (revision: Revision) => Promise<string | undefined>;
};

export interface Revisions extends RevisionSource {
  /** Why the template on disk is not in force; undefined if it is. */
  refusal(): string | undefined;
  /** Looks no more, and resolves when a look that is under way has ended. */
  stop(): Promise<void>;
}

/** A template that was good but met a full disk: nobody will save it once more to have it looked at again. */
const RETRY_MS = 60_000;

/**
 * Keeps one revision in force: the newest template that compiles and that this machine can run. A bad one is refused
 * with its reason while the old goes on, also over a restart: the last good revision is kept beside the database, and so
 * is each one that an open boot or an unproved install pins, with its assets.
 * @throws AppError if there is no good one at all: `template-invalid`, or why this machine cannot run it
 */
export async function startRevisions(deps: RevisionDeps): Promise<Revisions> {
  const feeder = new TemplateFeeder(deps, await openRevisionKeeper(deps));
  await feeder.start();
  return feeder;
}

class TemplateFeeder implements Revisions {
  readonly #deps: RevisionDeps;
  readonly #keeper: RevisionKeeper;
  #refusal: AppError | undefined;
  #files: readonly string[] = [];
  #stopWatch: Cancel = () => undefined;
  #cancelRetry: Cancel = () => undefined;
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();

  constructor(deps: RevisionDeps, keeper: RevisionKeeper) {
    this.#deps = deps;
    this.#keeper = keeper;
  }

  current(): Revision | undefined {
    return this.#keeper.current();
  }

  get(digest: Digest): Revision | undefined {
    return this.#keeper.get(digest);
  }

  refusal(): string | undefined {
    return this.#refusal?.message;
  }

  inUse(): readonly Revision[] {
    return this.#keeper.inUse();
  }

  async start(): Promise<void> {
    const saved = await this.#keeper.resume();
    await this.#look();
    const current = this.current();
    if (!current) throw this.#refusal ?? new AppError('template-invalid', 'there is no template');
    if (current === saved) await this.#keeper.settle();
    this.#stopWatch = await watchFiles({
      paths: () => this.#files,
      clock: this.#deps.clock,
      onChange: () => this.#lookAgain(),
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopWatch();
    this.#cancelRetry();
    await this.#work;
  }

  #lookAgain(): void {
    this.#cancelRetry();
    this.#work = this.#work.then(() => this.#look()).catch((error: unknown) => this.#failed(error));
  }

  async #look(): Promise<void> {
    const { outcome, files } = await this.#deps.compile(this.#keeper.lastNumber() + 1);
    this.#files = files;
    const refusal = outcome.ok
      ? (this.#deps.refuse(outcome.value) ?? (await this.#faultOf(outcome.value)))
      : new AppError('template-invalid', outcome.error.join('\n'));
    if (refusal) return this.#refuse(refusal);
    if (outcome.ok && outcome.value.digest !== this.current()?.digest) await this.#apply(outcome.value);
    this.#refusal = undefined;
  }

  /** What is in force is never refused: machines boot by it as far as they can. */
  async #faultOf(revision: Revision): Promise<AppError | undefined> {
    if (revision.digest === this.current()?.digest) return undefined;
    const because = await this.#deps.fault?.(revision);
    return because === undefined ? undefined : new AppError('template-invalid', because);
  }

  async #apply(revision: Revision): Promise<void> {
    const { number, digest, template } = revision;
    const sentence = `Revision ${number} of template ${template} is in force: ${slotsOf(revision)}.`;
    const event = { type: 'revision-applied', at: this.#deps.clock.now(), sentence, data: { number, digest } } as const;
    await this.#keeper.enter(revision, { save: true, event });
  }

  async #refuse(refusal: AppError): Promise<void> {
    const { code, message: reason } = refusal;
    if (reason === this.#refusal?.message) return;
    this.#refusal = refusal;
    const current = this.current();
    if (!current) return;
    const { store, clock, log } = this.#deps;
    log.error({ code, reason, goesOnWith: current.number }, 'template refused');
    const sentence = `The template was refused; revision ${current.number} goes on. ${reason}`;
    await store.commit([], [{ type: 'revision-refused', at: clock.now(), sentence, data: { reason } }]);
  }

  #failed(thrown: unknown): void {
    const error = AppError.from(thrown);
    this.#refusal = error;
    this.#deps.log.error({ code: error.code, reason: error.message }, 'a changed template could not be applied');
    if (!this.#isStopped) this.#cancelRetry = this.#deps.clock.after(RETRY_MS, () => this.#lookAgain());
  }
}

import { AppError } from '../../../kernel/errors.ts';
import type { Cancel } from '../../../kernel/ports.ts';
import {
  type Applied,
  type Candidate,
  countStart,
  isOver,
  NOTHING_APPLIED,
  retry,
  type Wanted,
  want,
} from '../policy/apply.ts';
import { retryDelayMs } from '../policy/link-states.ts';
import { ApplyBook } from './apply-book.ts';
import type { ApplyReport, FetchPiece, Opened, RunningDown } from './ports.ts';
import { ACCEPTED, refusedSentence, type StepDeps, Steps } from './steps.ts';

/** So often it is looked at at least; a short trial is looked at several times while it lasts. */
const TICK_MS = 3_000;
const LOOKS_PER_TRIAL = 8;

/** Takes a revision from head office through all its states, one step at a time; each is on disk before the next begins. */
export function createDown(deps: StepDeps): RunningDown {
  return new OneAfterTheOther(deps);
}

class OneAfterTheOther implements RunningDown {
  readonly #deps: StepDeps;
  readonly #book: ApplyBook;
  readonly #steps: Steps;
  readonly #ended = Promise.withResolvers<never>();
  #fetch: FetchPiece | undefined;
  /** What head office has named last: a fetch of anything else ends. */
  #wish: Wanted | undefined;
  #cancel: Cancel = () => undefined;
  /** One after the other, such as a full disk or a head office that is gone. */
  #failures = 0;
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();

  constructor(deps: StepDeps) {
    this.#deps = deps;
    this.#book = new ApplyBook(deps);
    this.#steps = new Steps(deps, this.#book);
    this.#ended.promise.catch(() => undefined);
  }

  have(): ReturnType<RunningDown['have']> {
    const { candidate, confirmed, highest } = this.#book.applied;
    // After a restart head office must name it once more, or nothing would fetch it.
    const isKnown = candidate && (candidate.state !== 'offered' || this.#fetch !== undefined);
    const bundle = isKnown ? candidate.bundle : confirmed?.bundle;
    return { bundle, highest, confirmed: confirmed?.number ?? 0 };
  }

  state(): ApplyReport | undefined {
    const { candidate } = this.#book.applied;
    if (!candidate) return undefined;
    const { number, bundle, sizeBytes, publication, state, since } = candidate;
    const because = candidate.because ?? this.#book.waitsFor;
    const freeze = state === 'deferred' ? this.#deps.seat.freeze() : undefined;
    return {
      ...{ number, bundle, sizeBytes, publication, state, since },
      ...(because === undefined ? {} : { because }),
      ...(freeze ? { until: freeze.until } : {}),
    };
  }

  bad(): Applied['bad'] {
    return this.#book.applied.bad;
  }

  onChange(run: () => void): Cancel {
    return this.#book.onChange(run);
  }

  onDesired(wanted: Wanted, fetch: FetchPiece): void {
    this.#fetch = (digest, offset) => Promise.race([fetch(digest, offset), this.#ended.promise]);
    this.#wish = wanted;
    this.#run(async () => {
      const { applied } = this.#book;
      const next = want(applied, wanted, this.#deps.clock.now());
      if (next === applied) return;
      this.#book.note(undefined);
      await this.#book.save(next);
      if (applied.candidate?.state === 'trial') await this.#leaveTrial();
      if (next.candidate?.state === 'refused')
        await this.#book.tell('revision-refused', refusedSentence(next.candidate), next.candidate);
    });
  }

  onKeys(): void {
    this.#run(async () => {
      const { applied } = this.#book;
      if (applied.candidate?.isByKey) await this.#book.save(retry(applied, this.#deps.clock.now()));
    });
  }

  look(): void {
    this.#run(async () => undefined);
  }

  async retry(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#run(async () => {
      const { applied } = this.#book;
      const next = retry(applied, this.#deps.clock.now());
      if (next === applied) return reject(new AppError('command-refused', 'no revision was refused or reverted here'));
      await this.#book.save(next).catch((error: unknown) => {
        reject(error);
        throw error;
      });
      resolve(`Revision ${next.candidate?.number} is looked at once more.`);
    });
    return promise;
  }

  async start(): Promise<void> {
    const { files, store, seat, log } = this.#deps;
    const read = (await files.read()) ?? NOTHING_APPLIED;
    const counted = store.state.counters.get(ACCEPTED) ?? 0;
    const { accepted: _, ...unknown } = read;
    this.#book.open(countStart(counted > read.highest ? { ...unknown, highest: counted } : read, 1));
    const { candidate, confirmed } = this.#book.applied;
    const tried = candidate?.state === 'trial' ? await this.#resumeTrial(candidate) : undefined;
    const opened = tried ?? (confirmed && (await this.#steps.open(confirmed.bundle)));
    if (confirmed && !opened) log.warn({ revision: confirmed.number }, 'the bundle in force cannot be read any more');
    if (opened && seat.refusal(opened.revision) === undefined) seat.take(opened);
    // What a process that ended in between did not come to; the keys may have come in its last moment.
    this.#run(() => this.#book.tidy());
    this.onKeys();
  }

  async stop({ counts }: { readonly counts: boolean }): Promise<void> {
    this.#isStopped = true;
    this.#ended.reject(new AppError('interrupted', 'the site is stopping'));
    this.#cancel();
    await this.#work;
    if (!counts) await this.#book.save(countStart(this.#book.applied, -1)).catch(() => undefined);
  }

  /** The trial goes on only if that it began once more could be written down. */
  async #resumeTrial({ bundle, trial }: Candidate): Promise<Opened | undefined> {
    if ((trial?.starts ?? 0) > this.#deps.rules.mostStarts) return undefined;
    try {
      await this.#deps.files.write(this.#book.applied);
      return await this.#steps.open(bundle);
    } catch (error) {
      this.#deps.log.warn({ reason: AppError.from(error).message }, 'a trial waits until the disk can be written');
      return undefined;
    }
  }

  async #leaveTrial(): Promise<void> {
    const goesOnWith = (await this.#steps.goBack())?.revision.number;
    this.#deps.log.info({ goesOnWith }, 'a trial ended before its time: head office wants another one');
  }

  /** One thing at a time; then the next step, as long as there is one. */
  #run(first: () => Promise<void>): void {
    this.#cancel();
    this.#work = this.#work
      .then(async () => {
        if (this.#isStopped) return;
        await first();
        for (let before: Applied | undefined; before !== this.#book.applied && !this.#isStopped; ) {
          before = this.#book.applied;
          await this.#steps.advance({ fetch: this.#fetch, isWanted: (bundle) => this.#isWanted(bundle) });
        }
        this.#failures = 0;
        this.#again(Math.min(TICK_MS, this.#deps.rules.trialMs / LOOKS_PER_TRIAL));
      })
      .catch((thrown: unknown) => {
        if (this.#isStopped) return;
        const { code, message } = AppError.from(thrown);
        this.#book.note(message);
        this.#deps.log.warn(
          { code, reason: message },
          'a revision from head office does not get on; it is tried again',
        );
        this.#failures += 1;
        this.#again(retryDelayMs(this.#failures, 0, this.#deps.random.unit()));
      });
  }

  #again(delayMs: number): void {
    const state = this.#book.applied.candidate?.state;
    const isDone = state === undefined || isOver(state);
    if (this.#isStopped || (isDone && !this.#steps.lacksItsRevision())) return;
    this.#cancel();
    this.#cancel = this.#deps.clock.after(delayMs, () => this.look());
  }

  #isWanted(bundle: Wanted['bundle']): boolean {
    return !this.#isStopped && (!this.#wish || this.#wish.bundle === bundle);
  }
}

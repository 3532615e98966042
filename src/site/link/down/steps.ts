import type { Clock, Log, Random } from '../../../kernel/ports.ts';
import type { Store } from '../../../model/store.ts';
import { type Candidate, type Wanted, whyBad } from '../policy/apply.ts';
import { bootsOf, judgeTrial, lastBootOf, type TrialFacts, type TrialRules, trialSentence } from '../policy/trial.ts';
import type { ApplyBook } from './apply-book.ts';
import { type Fetched, fetchBundle } from './bundle-fetch.ts';
import type { ApplyFiles, Fault, FetchPiece, Opened, RevisionSeat } from './ports.ts';

export type StepDeps = {
  readonly files: ApplyFiles;
  readonly seat: RevisionSeat;
  readonly store: Store;
  readonly rules: TrialRules;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** How a bundle is fetched now, and whether it is still the one that is wanted. */
export type Fetching = {
  readonly fetch: FetchPiece | undefined;
  readonly isWanted: (bundle: Wanted['bundle']) => boolean;
};

/** The highest number that was accepted, in the database as well: neither of the two can take an old one alone. */
export const ACCEPTED = 'revision-accepted';

/** One step after the other, each such that it may be cut off anywhere and begun again. */
export class Steps {
  readonly #deps: StepDeps;
  readonly #book: ApplyBook;
  #opened: { readonly bundle: string; readonly what: Opened } | undefined;
  #trialFrom: number | undefined;
  /** The bundle whose assets are being fetched. */
  #prepared: string | undefined;
  /** A trial failed, and that is not on disk yet. */
  #failed: string | undefined;

  constructor(deps: StepDeps, book: ApplyBook) {
    this.#deps = deps;
    this.#book = book;
  }

  async advance(fetching: Fetching): Promise<void> {
    if (this.lacksItsRevision()) await this.#enterConfirmed();
    const { candidate } = this.#book.applied;
    switch (candidate?.state) {
      case 'offered':
        return this.#bring(candidate, fetching);
      case 'fetched':
      case 'deferred':
        return this.#prepare(candidate);
      case 'trial':
        return this.#watch(candidate);
      default:
        return undefined;
    }
  }

  /** The confirmed one could not be put in force when the process began, such as while a cable was unplugged. */
  lacksItsRevision(): boolean {
    const { confirmed, candidate } = this.#book.applied;
    return confirmed !== undefined && candidate?.state !== 'trial' && this.#deps.seat.current() === undefined;
  }

  /** Once each: the store of assets tries again by itself, ever more seldom. Without a candidate nothing is fetched any more. */
  async #fetchAssets(candidate?: Candidate, opened?: Opened): Promise<void> {
    await this.#deps.seat.prepare(opened?.revision);
    this.#prepared = candidate?.bundle;
  }

  /** What was proved when it came; undefined: it cannot be read any more. */
  async open(bundle: Wanted['bundle']): Promise<Opened | undefined> {
    if (this.#opened?.bundle === bundle) return this.#opened.what;
    const text = await this.#deps.files.bundle(bundle);
    const what = text === undefined ? undefined : this.#deps.seat.open(text);
    if (what) this.#opened = { bundle, what };
    return what;
  }

  /** The confirmed one is in force again, at once. */
  async goBack(): Promise<Opened | undefined> {
    this.#trialFrom = undefined;
    const { confirmed } = this.#book.applied;
    const former = confirmed && (await this.open(confirmed.bundle));
    this.#deps.seat.take(former);
    return former;
  }

  async #bring(candidate: Candidate, { fetch, isWanted }: Fetching): Promise<void> {
    const { files, seat, store } = this.#deps;
    const { bundle, number } = candidate;
    const isHere = (await files.bundle(bundle)) !== undefined;
    if (!isHere && !fetch) return this.#book.note('head office has not been reached since the start');
    const fetched: Fetched =
      isHere || !fetch ? { kind: 'here' } : await fetchBundle(candidate, fetch, files, () => isWanted(bundle));
    this.#book.note(undefined);
    if (fetched.kind === 'left') return undefined;
    if (fetched.kind === 'faulty') return this.#refuse(candidate, { message: fetched.because });
    const { highest } = this.#book.applied;
    const proved = seat.prove((await files.bundle(bundle)) ?? '', number === highest ? highest - 1 : highest);
    if (!proved.ok) return this.#refuse(candidate, proved.error);
    const { revision } = proved.value;
    if (revision.number !== number)
      return this.#refuse(candidate, { message: `head office calls it ${number}, its signature ${revision.number}` });
    this.#opened = { bundle, what: proved.value };
    await store.commit([{ table: 'counters', key: ACCEPTED, row: Math.max(highest, number) }], []);
    return this.#book.step('proved', { content: revision.digest });
  }

  async #prepare(candidate: Candidate): Promise<void> {
    const { seat } = this.#deps;
    const opened = await this.open(candidate.bundle);
    if (!opened) return this.#book.step('lost');
    const { digest } = opened.revision;
    const isSame = this.#book.applied.confirmed?.content === digest && seat.current()?.digest === digest;
    if (isSame) return this.#confirm(opened, 'same', 'its content was in force already');
    if (this.#prepared !== candidate.bundle) {
      const fault = whyBad(this.#book.applied, digest) ?? (await seat.fault(opened));
      if (fault !== undefined) return this.#refuse(candidate, { message: fault });
      await this.#fetchAssets(candidate, opened);
    }
    const lack = seat.lack(opened);
    this.#book.note(lack);
    if (lack !== undefined) return this.#book.step('unready');
    const freeze = seat.freeze();
    if (!freeze) return this.#begin(candidate, opened);
    this.#book.note(freeze.because === undefined ? 'the store is frozen' : `the store is frozen: ${freeze.because}`);
    return this.#book.step('frozen');
  }

  async #begin(candidate: Candidate, opened: Opened): Promise<void> {
    const { seat, store } = this.#deps;
    // The machine may be another one than it was when the assets were asked for.
    const fault = await seat.fault(opened);
    if (fault !== undefined) return this.#refuse(candidate, { message: fault });
    this.#book.note(undefined);
    await this.#book.step('ready', {
      trial: { starts: 0, afterBoot: lastBootOf(opened.revision.digest, store.state) },
    });
    const sentence = `Revision ${candidate.number} from head office is in force on trial.`;
    await seat.enter(opened, { save: false, event: this.#book.event('revision-tried', sentence, candidate) });
  }

  async #watch(candidate: Candidate): Promise<void> {
    const { seat, clock, rules } = this.#deps;
    if (this.#failed !== undefined) return this.#revert(candidate, this.#failed);
    const opened = await this.open(candidate.bundle);
    const mayRun = (candidate.trial?.starts ?? 0) <= rules.mostStarts;
    if (opened && mayRun && seat.current()?.digest !== opened.revision.digest)
      await seat.enter(opened, { save: false });
    this.#trialFrom ??= clock.monotonic();
    const elapsedMs = clock.monotonic() - this.#trialFrom;
    const verdict = judgeTrial(await this.#factsOf(candidate, opened, elapsedMs), rules);
    this.#book.note(trialSentence(rules));
    if (verdict.kind === 'unhealthy') return this.#revert(candidate, verdict.because);
    if (verdict.kind === 'healthy' && opened) return this.#confirm(opened, 'healthy', 'machines are served by it');
    return undefined;
  }

  async #factsOf(
    { bundle, content, trial }: Candidate,
    opened: Opened | undefined,
    elapsedMs: number,
  ): Promise<TrialFacts> {
    const { seat, store, files } = this.#deps;
    const { starts = 0, afterBoot = 0 } = trial ?? {};
    // What a restart would begin with must be readable now.
    const isReadable = (await files.bundle(bundle)) !== undefined;
    const problems = isReadable ? seat.problems() : ['its bundle cannot be read back from the disk'];
    const tried = { digest: content ?? bundle, slots: opened?.revision.slots ?? {} };
    return { elapsedMs, starts, problems, boots: bootsOf(tried, afterBoot, store.state) };
  }

  async #confirm(opened: Opened, event: 'same' | 'healthy', why: string): Promise<void> {
    const { seat } = this.#deps;
    const sentence = `Revision ${opened.revision.number} from head office is confirmed: ${why}.`;
    await seat.enter(opened, { save: true, event: this.#book.event('revision-applied', sentence, opened.revision) });
    this.#trialFrom = undefined;
    this.#book.note(undefined);
    await this.#book.step(event);
    await this.#fetchAssets();
    await this.#book.tidy();
  }

  /** First out of force, which needs no disk; then written down, however often that has to be tried. */
  async #revert(candidate: Candidate, because: string): Promise<void> {
    this.#failed = because;
    const former = await this.goBack();
    const goesOnWith = former?.revision.number;
    this.#deps.log.error({ revision: candidate.number, because, goesOnWith }, 'revision reverted');
    this.#book.note(undefined);
    await this.#book.step('unhealthy', { because });
    this.#failed = undefined;
    const goesOn =
      goesOnWith === undefined ? 'No other one of head office is here.' : `Revision ${goesOnWith} is in force again.`;
    const sentence = `Revision ${candidate.number} did not work here: ${because}. ${goesOn}`;
    await this.#book.tell('revision-reverted', sentence, candidate);
    await this.#fetchAssets();
  }

  async #refuse(candidate: Candidate, { message, isByKey }: Fault): Promise<void> {
    this.#book.note(undefined);
    await this.#book.step('faulty', { because: message, ...(isByKey ? { isByKey } : {}) });
    this.#deps.log.error({ revision: candidate.number, because: message }, 'revision refused');
    await this.#book.tell('revision-refused', refusedSentence({ ...candidate, because: message }), candidate);
    await this.#fetchAssets();
    await this.#book.tidy();
  }

  async #enterConfirmed(): Promise<void> {
    const { confirmed } = this.#book.applied;
    const opened = confirmed && (await this.open(confirmed.bundle));
    if (opened && this.#deps.seat.refusal(opened.revision) === undefined)
      await this.#deps.seat.enter(opened, { save: true });
  }
}

export function refusedSentence({ number, because }: { readonly number: number; readonly because?: string }): string {
  return `Revision ${number} from head office was refused: ${because}.`;
}

import { AppError } from '../../../kernel/errors.ts';
import type { Cancel, Clock, Log } from '../../../kernel/ports.ts';
import type { EventType } from '../../../model/event.ts';
import type { Store } from '../../../model/store.ts';
import {
  type Applied,
  type ApplyEvent,
  type Candidate,
  countStart,
  NOTHING_APPLIED,
  retry,
  step,
  type Wanted,
  want,
  whyBad,
} from '../policy/apply.ts';
import { bootsOf, judgeTrial, type TrialRules, trialSentence } from '../policy/trial.ts';
import { fetchBundle } from './bundle-fetch.ts';
import type { ApplyFiles, ApplyReport, FetchPiece, Opened, RevisionSeat, RunningDown } from './ports.ts';

export type DownDeps = {
  readonly files: ApplyFiles;
  readonly seat: RevisionSeat;
  readonly store: Store;
  readonly rules: TrialRules;
  readonly clock: Clock;
  readonly log: Log;
};

/** The highest number that was accepted, in the database as well: neither of the two can take an old one alone. */
const COUNTER = 'revision-accepted';
/** Numbers boots, so that those of a trial are known whatever the clock does. */
const BOOTS = 'boot';
const TICK_MS = 2_000;
/** After a failure, such as a full disk or a head office that is gone. */
const RETRY_MS = 15_000;

/** Takes a revision from head office through all its states, one step at a time; each is on disk before the next begins. */
export function createDown(deps: DownDeps): RunningDown {
  return new StepByStep(deps);
}

class StepByStep implements RunningDown {
  readonly #deps: DownDeps;
  readonly #listeners = new Set<() => void>();
  #applied: Applied = NOTHING_APPLIED;
  #fetch: FetchPiece | undefined;
  /** What head office has named last: a fetch of anything else ends. */
  #wish: Wanted | undefined;
  /** A trial failed, and that is not on disk yet. */
  #failed: string | undefined;
  readonly #ended = Promise.withResolvers<never>();
  /** What the candidate waits for, as last seen. */
  #waitsFor: string | undefined;
  #opened: { readonly bundle: string; readonly what: Opened } | undefined;
  #trialFrom: number | undefined;
  #cancel: Cancel = () => undefined;
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();

  constructor(deps: DownDeps) {
    this.#deps = deps;
    this.#ended.promise.catch(() => undefined);
  }

  // What others see.

  have(): ReturnType<RunningDown['have']> {
    const { candidate, confirmed, highest } = this.#applied;
    // After a restart head office must name it once more, or nothing would fetch it.
    const isKnown = candidate && (candidate.state !== 'offered' || this.#fetch !== undefined);
    const bundle = isKnown ? candidate.bundle : confirmed?.bundle;
    return { bundle, highest, confirmed: confirmed?.number ?? 0 };
  }

  state(): ApplyReport | undefined {
    const { candidate } = this.#applied;
    if (!candidate) return undefined;
    const { number, bundle, sizeBytes, publication, state, since } = candidate;
    const because = candidate.because ?? this.#waitsFor;
    const freeze = state === 'deferred' ? this.#deps.seat.freeze() : undefined;
    return {
      ...{ number, bundle, sizeBytes, publication, state, since },
      ...(because === undefined ? {} : { because }),
      ...(freeze ? { until: freeze.until } : {}),
    };
  }

  bad(): Applied['bad'] {
    return this.#applied.bad;
  }

  onChange(run: () => void): Cancel {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  // What moves it.

  onDesired(wanted: Wanted, fetch: FetchPiece): void {
    this.#fetch = (digest, offset) => Promise.race([fetch(digest, offset), this.#ended.promise]);
    this.#wish = wanted;
    this.#run(async () => {
      const { candidate } = this.#applied;
      const next = want(this.#applied, wanted, this.#deps.clock.now());
      if (next === this.#applied) return;
      this.#waitsFor = undefined;
      await this.#save(next);
      if (candidate?.state === 'trial') await this.#leaveTrial();
      if (next.candidate?.state === 'refused') await this.#tell('revision-refused', refusedSentence(next.candidate));
    });
  }

  onKeys(): void {
    this.#run(async () => {
      if (this.#applied.candidate?.isByKey) await this.#save(retry(this.#applied, this.#deps.clock.now()));
    });
  }

  look(): void {
    this.#run(async () => undefined);
  }

  async retry(): Promise<string> {
    let answer: Promise<string> = Promise.resolve('');
    this.#run(async () => {
      const before = this.#applied;
      const next = retry(before, this.#deps.clock.now());
      if (next === before) {
        answer = Promise.reject(new AppError('command-refused', 'no revision was refused or reverted here'));
        answer.catch(() => undefined);
        return;
      }
      await this.#save(next);
      answer = Promise.resolve(`Revision ${next.candidate?.number} is looked at once more.`);
    });
    await this.#work;
    return answer;
  }

  async start(): Promise<void> {
    const { files, store, seat, log } = this.#deps;
    const read = (await files.read()) ?? NOTHING_APPLIED;
    const counted = store.state.counters.get(COUNTER) ?? 0;
    const { accepted: _, ...unknown } = read;
    this.#applied = countStart(counted > read.highest ? { ...unknown, highest: counted } : read, 1);
    const { candidate, confirmed } = this.#applied;
    const former = confirmed && (await this.#open(confirmed.bundle));
    if (confirmed && !former) log.warn({ revision: confirmed.number }, 'the bundle in force cannot be read any more');
    const inForce = candidate?.state === 'trial' ? await this.#resumeTrial(candidate) : undefined;
    const opened = inForce ?? former;
    if (opened && seat.fault(opened) === undefined) seat.take(opened);
    this.#run(async () => undefined);
  }

  /** The trial goes on only if that it began once more could be written down. */
  async #resumeTrial({ bundle, trial }: Candidate): Promise<Opened | undefined> {
    if ((trial?.starts ?? 0) > this.#deps.rules.mostStarts) return undefined;
    try {
      await this.#deps.files.write(this.#applied);
      return await this.#open(bundle);
    } catch (error) {
      this.#deps.log.warn({ reason: AppError.from(error).message }, 'a trial waits until the disk can be written');
      return undefined;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#ended.reject(new AppError('interrupted', 'the site is stopping'));
    this.#cancel();
    await this.#work;
    const told = countStart(this.#applied, -1);
    if (told !== this.#applied) await this.#deps.files.write(told).catch(() => undefined);
  }

  /** One thing at a time; then the next step, as long as there is one. */
  #run(first: () => Promise<void>): void {
    this.#cancel();
    this.#work = this.#work
      .then(async () => {
        if (this.#isStopped) return;
        await first();
        for (let before: Applied | undefined; before !== this.#applied && !this.#isStopped; ) {
          before = this.#applied;
          await this.#advance(before.candidate);
        }
        this.#again(TICK_MS);
      })
      .catch((thrown: unknown) => {
        const { code, message } = AppError.from(thrown);
        this.#note(message);
        this.#deps.log.warn(
          { code, reason: message },
          'a revision from head office does not get on; it is tried again',
        );
        this.#again(RETRY_MS);
      });
  }

  #again(delayMs: number): void {
    const state = this.#applied.candidate?.state;
    const isOver = state === undefined || state === 'confirmed' || state === 'refused' || state === 'reverted';
    if (this.#isStopped || (isOver && !this.#lacksItsRevision())) return;
    this.#cancel();
    this.#cancel = this.#deps.clock.after(delayMs, () => this.look());
  }

  // The steps.

  async #advance(candidate: Candidate | undefined): Promise<void> {
    if (this.#lacksItsRevision()) await this.#enterConfirmed();
    switch (candidate?.state) {
      case 'offered':
        return this.#bring(candidate);
      case 'fetched':
      case 'deferred':
        return this.#prepare(candidate);
      case 'trial':
        return this.#watch(candidate);
      default:
        return undefined;
    }
  }

  async #bring(candidate: Candidate): Promise<void> {
    const { files, seat, store } = this.#deps;
    const fetch = this.#fetch;
    if (!fetch) return this.#note('head office has not been reached since the start');
    const isWanted = (): boolean => !this.#isStopped && (!this.#wish || this.#wish.bundle === candidate.bundle);
    const fetched = await fetchBundle(candidate, fetch, files, isWanted);
    if (fetched.kind === 'left') return;
    if (fetched.kind === 'faulty') return this.#refuse(candidate, { message: fetched.because });
    const { highest } = this.#applied;
    const above = candidate.number === highest ? highest - 1 : highest;
    const proved = seat.prove((await files.bundle(candidate.bundle)) ?? '', above);
    if (!proved.ok) return this.#refuse(candidate, proved.error);
    const { revision } = proved.value;
    if (revision.number !== candidate.number)
      return this.#refuse(candidate, {
        message: `head office calls it ${candidate.number}, its signature ${revision.number}`,
      });
    this.#opened = { bundle: candidate.bundle, what: proved.value };
    await store.commit([{ table: 'counters', key: COUNTER, row: Math.max(highest, candidate.number) }], []);
    await this.#step('proved', { content: revision.digest });
  }

  async #prepare(candidate: Candidate): Promise<void> {
    const { seat } = this.#deps;
    const opened = await this.#open(candidate.bundle);
    if (!opened) return this.#step('lost', {});
    const { confirmed } = this.#applied;
    const isSame = confirmed?.content === opened.revision.digest && seat.current()?.digest === confirmed.content;
    const fault = (isSame ? undefined : whyBad(this.#applied, opened.revision.digest)) ?? seat.fault(opened);
    if (fault !== undefined) return this.#refuse(candidate, { message: fault });
    if (isSame) return this.#confirm(opened, 'same', 'its content was in force already');
    await seat.prepare(opened.revision);
    const lack = seat.lack(opened);
    this.#note(lack);
    if (lack !== undefined) return this.#step('unready', {});
    const freeze = seat.freeze();
    if (!freeze) return this.#begin(candidate, opened);
    this.#note(freeze.because === undefined ? 'the store is frozen' : `the store is frozen: ${freeze.because}`);
    return this.#step('frozen', {});
  }

  async #begin(candidate: Candidate, opened: Opened): Promise<void> {
    const { seat, store } = this.#deps;
    this.#note(undefined);
    await this.#step('ready', { trial: { starts: 0, afterBoot: store.state.counters.get(BOOTS) ?? 0 } });
    const sentence = `Revision ${candidate.number} from head office is in force on trial.`;
    await seat.enter(opened, { save: false, event: this.#event('revision-tried', sentence, candidate) });
  }

  async #watch(candidate: Candidate): Promise<void> {
    const { seat, clock, store, rules, files } = this.#deps;
    if (this.#failed !== undefined) return this.#revert(candidate, this.#failed);
    const opened = await this.#open(candidate.bundle);
    if (
      opened &&
      seat.current()?.digest !== opened.revision.digest &&
      (candidate.trial?.starts ?? 0) <= rules.mostStarts
    )
      await seat.enter(opened, { save: false });
    this.#trialFrom ??= clock.monotonic();
    const { starts = 0, afterBoot = 0 } = candidate.trial ?? {};
    const elapsedMs = clock.monotonic() - this.#trialFrom;
    // What a restart would begin with must be readable now.
    const isReadable = (await files.bundle(candidate.bundle)) !== undefined;
    const problems = isReadable ? seat.problems() : ['its bundle cannot be read back from the disk'];
    const boots = bootsOf(candidate.content ?? candidate.bundle, afterBoot, store.state);
    const verdict = judgeTrial({ elapsedMs, starts, problems, boots }, rules);
    this.#note(trialSentence(elapsedMs, rules));
    if (verdict.kind === 'unhealthy') return this.#revert(candidate, verdict.because);
    if (verdict.kind === 'healthy' && opened) return this.#confirm(opened, 'healthy', 'machines are served by it');
    return undefined;
  }

  async #confirm(opened: Opened, event: 'same' | 'healthy', why: string): Promise<void> {
    const { seat, files } = this.#deps;
    const sentence = `Revision ${opened.revision.number} from head office is confirmed: ${why}.`;
    await seat.enter(opened, { save: true, event: this.#event('revision-applied', sentence, opened.revision) });
    this.#trialFrom = undefined;
    this.#note(undefined);
    await this.#step(event, {});
    await seat.prepare(undefined);
    await files.retain(this.#bundles());
  }

  /** First out of force, which needs no disk; then written down, however often that has to be tried. */
  async #revert(candidate: Candidate, because: string): Promise<void> {
    const { seat, log } = this.#deps;
    this.#failed = because;
    const former = await this.#goBack();
    log.error({ revision: candidate.number, because, goesOnWith: former?.revision.number }, 'revision reverted');
    this.#note(undefined);
    await this.#step('unhealthy', { because });
    this.#failed = undefined;
    const goesOn = former ? `Revision ${former.revision.number} is in force again.` : 'No other one is here.';
    await this.#tell(
      'revision-reverted',
      `Revision ${candidate.number} did not work here: ${because}. ${goesOn}`,
      candidate,
    );
    await seat.prepare(undefined);
  }

  async #leaveTrial(): Promise<void> {
    const former = await this.#goBack();
    this.#deps.log.info(
      { goesOnWith: former?.revision.number },
      'a trial ended before its time: head office wants another one',
    );
  }

  async #goBack(): Promise<Opened | undefined> {
    this.#trialFrom = undefined;
    const { confirmed } = this.#applied;
    const former = confirmed && (await this.#open(confirmed.bundle));
    this.#deps.seat.take(former);
    return former;
  }

  async #refuse(candidate: Candidate, { message, isByKey }: { message: string; isByKey?: true }): Promise<void> {
    this.#note(undefined);
    await this.#step('faulty', { because: message, ...(isByKey ? { isByKey } : {}) });
    this.#deps.log.error({ revision: candidate.number, because: message }, 'revision refused');
    await this.#tell('revision-refused', refusedSentence({ ...candidate, because: message }), candidate);
    await this.#deps.seat.prepare(undefined);
    await this.#deps.files.retain(this.#bundles());
  }

  /** The confirmed one could not be put in force when the process began, such as while a cable was unplugged. */
  #lacksItsRevision(): boolean {
    const { confirmed, candidate } = this.#applied;
    return confirmed !== undefined && candidate?.state !== 'trial' && this.#deps.seat.current() === undefined;
  }

  async #enterConfirmed(): Promise<void> {
    const { confirmed } = this.#applied;
    const opened = confirmed && (await this.#open(confirmed.bundle));
    if (opened && this.#deps.seat.fault(opened) === undefined) await this.#deps.seat.enter(opened, { save: true });
  }

  // Small hands.

  async #open(bundle: Wanted['bundle']): Promise<Opened | undefined> {
    if (this.#opened?.bundle === bundle) return this.#opened.what;
    const text = await this.#deps.files.bundle(bundle);
    const what = text === undefined ? undefined : this.#deps.seat.open(text);
    if (what) this.#opened = { bundle, what };
    return what;
  }

  async #step(event: Exclude<ApplyEvent, 'newer'>, more: Parameters<typeof step>[3]): Promise<void> {
    const next = step(this.#applied, event, this.#deps.clock.now(), more);
    if (next !== this.#applied) await this.#save(next);
  }

  async #save(next: Applied): Promise<void> {
    await this.#deps.files.write(next);
    this.#applied = next;
    this.#changed();
  }

  #bundles(): Wanted['bundle'][] {
    const { candidate, confirmed } = this.#applied;
    return [candidate, confirmed].flatMap((one) => (one ? [one.bundle] : []));
  }

  #note(waitsFor: string | undefined): void {
    if (this.#waitsFor === waitsFor) return;
    this.#waitsFor = waitsFor;
    this.#changed();
  }

  #changed(): void {
    for (const run of this.#listeners) run();
  }

  async #tell(type: EventType, sentence: string, about?: { readonly number: number }): Promise<void> {
    await this.#deps.store.commit([], [this.#event(type, sentence, about)]);
  }

  #event(type: EventType, sentence: string, about?: { readonly number: number }) {
    return { type, at: this.#deps.clock.now(), sentence, ...(about ? { data: { number: about.number } } : {}) };
  }
}

function refusedSentence({ number, because }: { readonly number: number; readonly because?: string }): string {
  return `Revision ${number} from head office was refused: ${because}.`;
}

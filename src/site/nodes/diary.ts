import { backoff } from '../../kernel/backoff.ts';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import type { Command, CommandAnswer, CommandDesk } from '../../model/commands.ts';
import type { Signal, SignalSink } from '../../model/signal.ts';
import type { RevisionSource } from '../../model/site-ports.ts';
import type { Store } from '../../model/store.ts';
import type { Progress } from './policy/memory.ts';
import { Memory } from './policy/memory.ts';
import { fold } from './policy/reduce.ts';
import type { Waiting } from './waiting-line.ts';
import { WaitingLine } from './waiting-line.ts';

export type DiaryDeps = {
  readonly store: Store;
  readonly revisions: RevisionSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type DiaryCounters = {
  /** Signals that were lost, because too many waited or because the store failed for too long. */
  readonly dropped: number;
  readonly commits: number;
  readonly failures: number;
};

/**
 * Turns what the rooms saw into rows and events. While one commit is on its way to the disk, signals wait; then all
 * that wait become the next commit, commands of people among them. So a slow disk makes batches larger, and nobody
 * else slower.
 */
export interface Diary extends SignalSink, CommandDesk {
  /** How far the file has come that this machine is fetching, as last seen. */
  progressOf(mac: MacAddress): Progress | undefined;
  counters(): DiaryCounters;
  /** Writes what still waits, once, and takes nothing more. */
  close(): Promise<void>;
}

/** After about two minutes without a disk the observed signals are given up; the boots themselves went on all the time. */
const MAX_TRIES = 8;
const RETRY = { firstMs: 250, factor: 2, maxMs: 30_000 };

export function createDiary(deps: DiaryDeps): Diary {
  return new StoreDiary(deps);
}

class StoreDiary implements Diary {
  readonly #deps: DiaryDeps;
  readonly #memory = new Memory();
  readonly #line = new WaitingLine();
  #waits: Iterator<number, never>;
  #running: Promise<void> | undefined;
  #retry: Cancel | undefined;
  #closed = false;
  #lost = 0;
  #commits = 0;
  #failures = 0;

  constructor(deps: DiaryDeps) {
    this.#deps = deps;
    this.#waits = backoff(RETRY, deps.random);
  }

  observe(signal: Signal): void {
    if (this.#closed) return;
    this.#line.add({ step: { signal }, tries: 0 });
    if (!this.#retry) this.#wake();
  }

  record(signal: Signal): Promise<void> {
    if (this.#closed) return Promise.reject(new AppError('site-not-ready', 'the site is stopping'));
    return new Promise((resolve, reject) => {
      this.#line.add({ step: { signal }, tries: 0, settle: { resolve: () => resolve(), reject } });
      this.#wake();
    });
  }

  carryOut(command: Command, by: string): Promise<CommandAnswer> {
    if (this.#closed) return Promise.reject(new AppError('site-not-ready', 'the site is stopping'));
    const at = this.#deps.clock.now();
    return new Promise((resolve, reject) => {
      const answered = (answer: CommandAnswer = { sentence: '' }): void => resolve(answer);
      this.#line.add({ step: { command, by, at }, tries: 0, settle: { resolve: answered, reject } });
      this.#wake();
    });
  }

  progressOf(mac: MacAddress): Progress | undefined {
    return this.#memory.progressOf(mac);
  }

  counters(): DiaryCounters {
    return { dropped: this.#lost + this.#line.dropped, commits: this.#commits, failures: this.#failures };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    while (this.#running) await this.#running;
    this.#stopRetry();
  }

  #wake(): void {
    this.#stopRetry();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // What came between the last look at the line and now found a run that seemed to go on.
      if (this.#line.length > 0 && !this.#retry) this.#wake();
    });
  }

  /** Batch after batch until nothing waits or the disk failed. Begins later than the call: a packet must not pay for it. */
  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#line.length > 0 && !this.#retry) await this.#writeBatch(this.#line.takeAll());
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const { changes, events, outcomes } = this.#fold(batch);
      if (changes.length + events.length > 0) {
        await this.#deps.store.commit(changes, events);
        this.#commits += 1;
        for (const { type, sentence, machine, slot, boot } of events)
          this.#deps.log.info({ event: type, machine, slot, boot }, sentence);
        this.#waits = backoff(RETRY, this.#deps.random);
      }
      batch.forEach(({ settle }, i) => {
        const outcome = outcomes[i];
        if (outcome?.ok === false) settle?.reject(outcome.error);
        else settle?.resolve(outcome?.value);
      });
    } catch (thrown) {
      const error = AppError.from(thrown);
      this.#failures += 1;
      // A signal that we trip over must not take the others with it.
      if (error.family === 'ours' && batch.length > 1) for (const entry of batch) await this.#writeBatch([entry]);
      else this.#afterFailure(batch, error);
    }
  }

  #fold(batch: readonly Waiting[]): ReturnType<typeof fold> {
    const { revisions } = this.#deps;
    const context = {
      memory: this.#memory,
      revision: revisions.current(),
      keptRevision: (digest: Digest) => revisions.get?.(digest),
    };
    return fold(
      this.#deps.store.state,
      batch.map(({ step }) => step),
      context,
    );
  }

  /** Who waits for an answer is told; what was only observed is tried again later. */
  #afterFailure(batch: readonly Waiting[], error: AppError): void {
    const { log, clock } = this.#deps;
    const fields = { code: error.code, signals: batch.length, ...(error.family === 'ours' ? { err: error } : {}) };
    log.error(fields, `what was seen could not be written down: ${error.message}`);
    for (const { settle } of batch) settle?.reject(error);
    const again = batch.filter(({ settle, tries }) => !settle && tries + 1 < MAX_TRIES && error.family !== 'ours');
    this.#lost += batch.filter(({ settle }) => !settle).length - again.length;
    if (again.length === 0 || this.#closed) return;
    this.#line.putBack(again.map(({ step, tries }) => ({ step, tries: tries + 1 })));
    this.#retry ??= clock.after(this.#waits.next().value, () => {
      this.#retry = undefined;
      this.#wake();
    });
  }

  #stopRetry(): void {
    this.#retry?.();
    this.#retry = undefined;
  }
}

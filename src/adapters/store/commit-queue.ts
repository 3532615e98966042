import { AppError } from '../../kernel/errors.ts';
import type { NewEvent } from '../../model/event.ts';
import type { Change } from '../../model/store.ts';
import type { CommitAnswer, CommitText } from './protocol.ts';
import { decodeError } from './store-errors.ts';

/** A group holds the disk for one sync and its rows; so many rows take a few milliseconds. */
const GROUP_ROWS = 2_000;
/**
 * Where many commit at once, groups begin no faster than this. Each costs two turns between the threads and a sync, whatever goes with it:
 * without a pause a fast disk takes groups of two or three, and the site spends its time on carrying them there.
 */
const PAUSE_MS = 2;
/** So many in one group are many. One who waits for each commit before the next never waits longer. */
const MANY_COMMITS = 3;

type Waiting = {
  readonly changes: readonly Change[];
  readonly events: readonly NewEvent[];
  readonly text: CommitText;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

type Write = (group: readonly CommitText[]) => Promise<readonly CommitAnswer[]>;
type Committed = (changes: readonly Change[], events: readonly NewEvent[], firstSeq: number) => void;

/**
 * Commits wait here while a group is on its way to the disk, and become the next group. `committed` is called for each
 * in order, before its promise resolves.
 */
export class CommitQueue {
  readonly #write: Write;
  readonly #committed: Committed;
  readonly #pause: (sinceMs: number) => Promise<void>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(write: Write, committed: Committed, pause = untilPauseIsOver) {
    this.#write = write;
    this.#committed = committed;
    this.#pause = pause;
  }

  commit(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    return new Promise((resolve, reject) => {
      // Throws for what is no JSON: only this commit is rejected, and nothing of it was queued.
      const text = encode(changes, events);
      this.#waiting.push({ changes, events, text, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // Lets all that is committed in the same turn into the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const beganAt = performance.now();
      const group = this.#takeGroup();
      await this.#writeGroup(group);
      if (group.length >= MANY_COMMITS) await this.#pause(beganAt);
    }
    this.#running = undefined;
  }

  #takeGroup(): readonly Waiting[] {
    let rows = 0;
    const tooMany = this.#waiting.findIndex(({ text }, i) => {
      rows += text.rows.length + text.events.length;
      return rows > GROUP_ROWS && i > 0;
    });
    return this.#waiting.splice(0, tooMany < 0 ? this.#waiting.length : tooMany);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#write(group.map(({ text }) => text));
      group.forEach((commit, i) => {
        this.#settle(commit, answers[i]);
      });
    } catch (error) {
      for (const commit of group) commit.reject(error);
    }
  }

  #settle(commit: Waiting, answer: CommitAnswer | undefined): void {
    if (!answer?.ok) {
      commit.reject(answer ? decodeError(answer.error) : new AppError('internal', 'the store gave no answer'));
      return;
    }
    this.#committed(commit.changes, commit.events, answer.firstSeq);
    commit.resolve();
  }
}

async function untilPauseIsOver(sinceMs: number): Promise<void> {
  const leftMs = sinceMs + PAUSE_MS - performance.now();
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
}

function encode(changes: readonly Change[], events: readonly NewEvent[]): CommitText {
  return {
    rows: changes.map(({ table, key, row }) => ({ table, key, row: row === null ? null : json(row) })),
    events: events.map((event) => ({
      at: Math.trunc(event.at),
      type: event.type,
      machine: event.machine ?? null,
      slot: event.slot ?? null,
      boot: event.boot ?? null,
      body: json(event),
    })),
  };
}

function json(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new AppError('internal', 'a row of the store must be a value of JSON');
  return text;
}

import { open, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import type { Cancel, Clock, Log, Random } from '../kernel/ports.ts';
import type { NewEvent } from '../model/event.ts';
import type { Change, SiteState, Store } from '../model/store.ts';

export type SpareFileDeps = {
  readonly path: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Thousands of leases and events: days for somebody to make room in. */
const SPARE_BYTES = 16 * 2 ** 20;
/** A disk that is smaller than a few of them has a better use for it. */
const FREE_FOR_ONE = 4;
const PIECE_BYTES = 2 ** 20;
const AGAIN_MS = 60_000;
/** All who were refused at once try once more. */
const AT_ONCE_MS = 1_000;

/**
 * The store, with a file of bytes that mean nothing beside it. A full disk has no room for a lease, whoever filled it: then
 * the file is deleted and what was refused is written after all. When there is room again, so is the file.
 */
export function withSpareFile(deps: SpareFileDeps): Store {
  return new SparedStore(deps);
}

class SparedStore implements Store {
  readonly #deps: SpareFileDeps;
  #isThere = false;
  #isClosed = false;
  /** When it was given up; monotonic milliseconds. */
  #goneAt = Number.NEGATIVE_INFINITY;
  #again: Cancel | undefined;
  /** What is done with the file, one after the other. */
  #work: Promise<unknown>;

  constructor(deps: SpareFileDeps) {
    this.#deps = deps;
    this.#work = this.#make();
  }

  get state(): SiteState {
    return this.#deps.store.state;
  }

  get epoch(): string {
    return this.#deps.store.epoch;
  }

  get lastSeq(): number {
    return this.#deps.store.lastSeq;
  }

  async commit(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    const { store } = this.#deps;
    try {
      await store.commit(changes, events);
    } catch (error) {
      if (AppError.from(error).code !== 'disk-full' || !(await this.#giveUp())) throw error;
      await store.commit(changes, events);
    }
  }

  events: Store['events'] = (query) => this.#deps.store.events(query);
  onEvent: Store['onEvent'] = (listener) => this.#deps.store.onEvent(listener);
  prune: Store['prune'] = (limits) => this.#deps.store.prune(limits);

  /** Makes no file any more; the store is closed by whoever opened it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#again?.();
    await this.#work;
  }

  /** Makes the file if there is room enough, and else looks again each minute. */
  async #make(): Promise<void> {
    const { log, path } = this.#deps;
    this.#isThere = await this.#write().catch(async (error: unknown) => {
      log.warn({ error }, 'the spare file for a full disk could not be made');
      await rm(path, { force: true }).catch(() => undefined);
      return false;
    });
    if (!this.#isThere) this.#makeLater();
  }

  #makeLater(): void {
    this.#again?.();
    if (this.#isClosed) return;
    this.#again = this.#deps.clock.after(AGAIN_MS, () => {
      this.#work = this.#work.then(() => this.#make());
    });
  }

  /** Whether that made room, or somebody else did it just now. */
  #giveUp(): Promise<boolean> {
    const given = this.#work.then(() => this.#drop());
    this.#work = given.catch(() => undefined);
    return given;
  }

  async #drop(): Promise<boolean> {
    const { clock, log, path } = this.#deps;
    if (!this.#isThere) return clock.monotonic() - this.#goneAt < AT_ONCE_MS;
    await rm(path, { force: true });
    this.#isThere = false;
    this.#goneAt = clock.monotonic();
    log.error({ bytes: SPARE_BYTES }, 'the disk is full: the spare file was deleted, so that leases can be written');
    this.#makeLater();
    return true;
  }

  async #write(): Promise<boolean> {
    const { path, random } = this.#deps;
    if ((await stat(path).catch(() => undefined))?.size === SPARE_BYTES) return true;
    await rm(path, { force: true });
    const { bavail, bsize } = await statfs(dirname(path));
    if (bavail * bsize < FREE_FOR_ONE * SPARE_BYTES) return false;
    const file = await open(path, 'wx', 0o600);
    try {
      // Not zeros: some file systems keep none of those.
      const piece = random.bytes(PIECE_BYTES);
      for (let at = 0; at < SPARE_BYTES; at += PIECE_BYTES) await file.write(piece, 0, PIECE_BYTES, at);
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  }
}

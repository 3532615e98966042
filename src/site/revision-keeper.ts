import { join } from 'node:path';
import { readText, writeAtomic } from '../adapters/node/files.ts';
import type { Digest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import type { Boot } from '../model/boot.ts';
import type { ContentStore } from '../model/content.ts';
import type { NewEvent } from '../model/event.ts';
import type { Asset, Revision } from '../model/revision.ts';
import type { RevisionSource } from '../model/site-ports.ts';
import type { SiteState, Store } from '../model/store.ts';
import { formatRevision, type KeptRevisions, openKeptRevisions, parseRevision } from './kept-revisions.ts';

export type KeeperDeps = {
  readonly dataDir: string;
  /** Why this machine cannot run a revision, such as an address that no interface has; undefined if it can. */
  readonly refuse: (revision: Revision) => AppError | undefined;
  readonly store: Store;
  readonly content: ContentStore;
  readonly log: Log;
};

/** Of the highest number that was ever in force here. */
const COUNTER = 'revision';

/**
 * Holds the revision in force, wherever it comes from: with its assets, with the one that the site goes back to at its
 * next start (the *saved* one), and with each that an open boot or an unproved install pins.
 */
export interface RevisionKeeper extends RevisionSource {
  get(digest: Digest): Revision | undefined;
  inUse(): readonly Revision[];
  /**
   * Takes up the one that was saved last, as it is in force then; undefined: there is none, or this machine cannot run it
   * any more. `settle` or `enter` comes next.
   */
  resume(): Promise<Revision | undefined>;
  /** Keeps and fetches what is needed now, and nothing else. */
  settle(): Promise<void>;
  /** Puts a revision in force; `save`: each start from now on begins with it. All is on disk, and told, when it resolves. */
  enter(revision: Revision, options: { readonly save: boolean; readonly event?: NewEvent }): Promise<void>;
  /** In force at once, whatever the disk says; undefined: the saved one. `settle` comes next. */
  take(revision: Revision | undefined): void;
  /** The highest number that was ever in force here; 0: none. */
  lastNumber(): number;
}

/** @throws AppError if there can be no directory for them */
export async function openRevisionKeeper(deps: KeeperDeps): Promise<RevisionKeeper> {
  return new Keeper(deps, await openKeptRevisions(join(deps.dataDir, 'revisions'), deps.log));
}

class Keeper implements RevisionKeeper {
  readonly #deps: KeeperDeps;
  readonly #kept: KeptRevisions;
  #current: Revision | undefined;
  #saved: Revision | undefined;

  constructor(deps: KeeperDeps, kept: KeptRevisions) {
    this.#deps = deps;
    this.#kept = kept;
  }

  current(): Revision | undefined {
    return this.#current;
  }

  get(digest: Digest): Revision | undefined {
    return digest === this.#current?.digest ? this.#current : this.#kept.get(digest);
  }

  inUse(): readonly Revision[] {
    return [...this.#kept.all(), ...(this.#saved ? [this.#saved] : [])];
  }

  lastNumber(): number {
    // A kill between the saved revision and its count leaves a revision that the counter has not heard of.
    const counted = this.#deps.store.state.counters.get(COUNTER) ?? 0;
    return Math.max(counted, this.#current?.number ?? 0);
  }

  async resume(): Promise<Revision | undefined> {
    const { log, dataDir, refuse } = this.#deps;
    try {
      const saved = await readSavedRevision(dataDir);
      if (!saved) return undefined;
      const refusal = refuse(saved);
      if (refusal) log.warn({ reason: refusal.message }, 'the last revision cannot run on this machine any more');
      else this.#current = this.#saved = saved;
    } catch (error) {
      log.warn({ error }, 'the saved revision cannot be read');
    }
    return this.#saved;
  }

  take(revision: Revision | undefined): void {
    this.#current = revision ?? this.#saved;
    this.#deps.log.info({ revision: this.#current?.number, digest: this.#current?.digest }, 'revision in force');
  }

  async settle(): Promise<void> {
    if (this.#current) await this.#settle(this.#current);
  }

  async enter(
    revision: Revision,
    { save, event }: { readonly save: boolean; readonly event?: NewEvent },
  ): Promise<void> {
    const { store, log, dataDir } = this.#deps;
    const former = this.#current;
    // Before it can be pinned, and the one before it before it is out of force.
    if (former) await this.#kept.put(former);
    await this.#kept.put(revision);
    if (save) {
      await writeAtomic(savedPath(dataDir), formatRevision(revision));
      this.#saved = revision;
    }
    const number = Math.max(this.lastNumber(), revision.number);
    await store.commit([{ table: 'counters', key: COUNTER, row: number }], event ? [event] : []);
    this.#current = revision;
    log.info({ revision: revision.number, digest: revision.digest }, 'revision in force');
    await this.#settle(revision, former);
  }

  /**
   * Keeps what is needed now, and nothing else. The one in force until now, `former`, stays until the next time: scripts
   * that were answered by it may not be written down yet.
   */
  async #settle(current: Revision, former?: Revision): Promise<void> {
    const pinning = pinningBoots(this.#deps.store.state);
    const pinned = new Set(
      pinning.flatMap(({ revision }) => (revision && revision !== current.digest ? [revision] : [])),
    );
    const also = [former, this.#saved].flatMap((one) => (one ? [one.digest] : []));
    await this.#kept.retain(new Set([current.digest, ...also, ...pinned]));
    await this.#pin(
      'open-boots',
      [...pinned].flatMap((digest) => this.#kept.get(digest)?.assets ?? []),
    );
    await this.#pin('saved-revision', this.#saved?.digest === current.digest ? [] : (this.#saved?.assets ?? []));
    await this.#pin('revision', current.assets);
  }

  async #pin(owner: string, assets: readonly Asset[]): Promise<void> {
    const { content, log } = this.#deps;
    await content.pin(
      owner,
      assets.map((asset) => asset.digest),
    );
    for (const asset of assets) {
      // The content store keeps trying what is pinned; here the first failure is only told.
      content.ensure(asset).catch((error: unknown) => {
        log.warn(
          { asset: asset.name, code: AppError.from(error).code, reason: AppError.from(error).message },
          'asset is not here yet',
        );
      });
    }
  }
}

/**
 * The last good revision of a data directory; undefined: there is none.
 * @throws Error if it cannot be read
 */
export async function readSavedRevision(dataDir: string): Promise<Revision | undefined> {
  const text = await readText(savedPath(dataDir));
  return text === undefined ? undefined : parseRevision(text);
}

/** `3 slots`, as events say how large a revision is. */
export function slotsOf(revision: Revision): string {
  const slots = Object.keys(revision.slots).length;
  return `${slots} slot${slots === 1 ? '' : 's'}`;
}

/** The open ones, and those of an install that is not proved yet: what proves it, the revision that it began with says. */
function pinningBoots({ boots, orders }: SiteState): readonly Boot[] {
  return [...boots.values()].filter(({ outcome, order }) => {
    const state = order === undefined ? undefined : orders.get(order)?.state.kind;
    return !outcome || state === 'open' || state === 'installing';
  });
}

/** The last good revision, beside the database. */
function savedPath(dataDir: string): string {
  return join(dataDir, 'revision.json');
}

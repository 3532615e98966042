import { join } from 'node:path';
import { readText, writeAtomic } from '../adapters/node/files.ts';
import { watchFiles } from '../adapters/node/watch-files.ts';
import type { Digest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import type { Cancel, Clock, Log } from '../kernel/ports.ts';
import type { Result } from '../kernel/result.ts';
import type { Boot } from '../model/boot.ts';
import type { ContentStore } from '../model/content.ts';
import type { Asset, Revision } from '../model/revision.ts';
import type { RevisionSource } from '../model/site-ports.ts';
import type { SiteState, Store } from '../model/store.ts';
import { formatRevision, type KeptRevisions, openKeptRevisions, parseRevision } from './kept-revisions.ts';

/** What the template files amount to now: a revision, or the problems in words; and the files that were read for it. */
export type Compiled = { readonly outcome: Result<Revision, readonly string[]>; readonly files: readonly string[] };

export type RevisionDeps = {
  readonly dataDir: string;
  readonly compile: (number: number) => Promise<Compiled>;
  /** Why this machine cannot run a revision, such as an address that no interface has; undefined if it can. */
  readonly refuse: (revision: Revision) => AppError | undefined;
  readonly store: Store;
  readonly content: ContentStore;
  readonly clock: Clock;
  readonly log: Log;
};

export interface Revisions extends RevisionSource {
  /** Why the template on disk is not in force; undefined if it is. */
  refusal(): string | undefined;
  /** Looks no more, and resolves when a look that is under way has ended. */
  stop(): Promise<void>;
}

const COUNTER = 'revision';
/** A template that was good but met a full disk: nobody will save it once more to have it looked at again. */
const RETRY_MS = 60_000;

/**
 * Keeps one revision in force: the newest template that compiles and that this machine can run. A bad one is refused
 * with its reason while the old goes on, also over a restart: the last good revision is kept beside the database, and so
 * is each one that an open boot or an unproved install pins, with its assets.
 * @throws AppError if there is no good one at all: `template-invalid`, or why this machine cannot run it
 */
export async function startRevisions(deps: RevisionDeps): Promise<Revisions> {
  const keeper = new RevisionKeeper(deps, await openKeptRevisions(join(deps.dataDir, 'revisions'), deps.log));
  await keeper.start();
  return keeper;
}

class RevisionKeeper implements Revisions {
  readonly #deps: RevisionDeps;
  readonly #kept: KeptRevisions;
  #current: Revision | undefined;
  #refusal: AppError | undefined;
  #files: readonly string[] = [];
  #stopWatch: Cancel = () => undefined;
  #cancelRetry: Cancel = () => undefined;
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();

  constructor(deps: RevisionDeps, kept: KeptRevisions) {
    this.#deps = deps;
    this.#kept = kept;
  }

  current(): Revision | undefined {
    return this.#current;
  }

  get(digest: Digest): Revision | undefined {
    return digest === this.#current?.digest ? this.#current : this.#kept.get(digest);
  }

  refusal(): string | undefined {
    return this.#refusal?.message;
  }

  async start(): Promise<void> {
    this.#current = await this.#readSaved();
    const saved = this.#current;
    await this.#look();
    if (!this.#current) throw this.#refusal ?? new AppError('template-invalid', 'there is no template');
    if (this.#current === saved) await this.#settle(saved);
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
    // A kill between the saved revision and its count leaves a revision that the counter has not heard of.
    const last = Math.max(this.#deps.store.state.counters.get(COUNTER) ?? 0, this.#current?.number ?? 0);
    const number = last + 1;
    const { outcome, files } = await this.#deps.compile(number);
    this.#files = files;
    const refusal = outcome.ok
      ? this.#deps.refuse(outcome.value)
      : new AppError('template-invalid', outcome.error.join('\n'));
    if (refusal) return this.#refuse(refusal);
    if (outcome.ok && outcome.value.digest !== this.#current?.digest) await this.#apply(outcome.value);
    this.#refusal = undefined;
  }

  async #apply(revision: Revision): Promise<void> {
    const { store, clock, log } = this.#deps;
    const former = this.#current;
    // Before it can be pinned, and the one before it before it is out of force.
    if (former) await this.#kept.put(former);
    await this.#kept.put(revision);
    await writeAtomic(savedPath(this.#deps.dataDir), formatRevision(revision));
    const slots = Object.keys(revision.slots).length;
    const sentence = `Revision ${revision.number} of template ${revision.template} is in force: ${slots} slot${slots === 1 ? '' : 's'}.`;
    await store.commit(
      [{ table: 'counters', key: COUNTER, row: revision.number }],
      [
        {
          type: 'revision-applied',
          at: clock.now(),
          sentence,
          data: { number: revision.number, digest: revision.digest },
        },
      ],
    );
    this.#current = revision;
    log.info({ revision: revision.number, digest: revision.digest }, 'revision in force');
    await this.#settle(revision, former);
  }

  async #refuse(refusal: AppError): Promise<void> {
    const { code, message: reason } = refusal;
    if (reason === this.#refusal?.message) return;
    this.#refusal = refusal;
    if (!this.#current) return;
    const { store, clock, log } = this.#deps;
    log.error({ code, reason, goesOnWith: this.#current?.number }, 'template refused');
    const sentence = `The template was refused; revision ${this.#current.number} goes on. ${reason}`;
    await store.commit([], [{ type: 'revision-refused', at: clock.now(), sentence, data: { reason } }]);
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
    await this.#kept.retain(new Set([current.digest, ...(former ? [former.digest] : []), ...pinned]));
    await this.#pin(
      'open-boots',
      [...pinned].flatMap((digest) => this.#kept.get(digest)?.assets ?? []),
    );
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

  async #readSaved(): Promise<Revision | undefined> {
    const { log, dataDir, refuse } = this.#deps;
    const text = await readText(savedPath(dataDir));
    if (text === undefined) return undefined;
    try {
      const saved = parseRevision(text);
      const refusal = refuse(saved);
      if (!refusal) return saved;
      log.warn({ reason: refusal.message }, 'the last revision cannot run on this machine any more');
    } catch (error) {
      log.warn({ error }, 'the saved revision cannot be read; the template decides alone');
    }
    return undefined;
  }

  #failed(thrown: unknown): void {
    const error = AppError.from(thrown);
    this.#refusal = error;
    this.#deps.log.error({ code: error.code, reason: error.message }, 'a changed template could not be applied');
    if (!this.#isStopped) this.#cancelRetry = this.#deps.clock.after(RETRY_MS, () => this.#lookAgain());
  }
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

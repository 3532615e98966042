import { setMaxListeners } from 'node:events';
import type { Digest } from '../../kernel/digest.ts';
import { shortDigest } from '../../kernel/digest.ts';
import type { AppError } from '../../kernel/errors.ts';
import type {
  AssetState,
  BlobSource,
  BroughtBlob,
  FileGroups,
  OpenAsset,
  ScrubReport,
  WantedBlob,
} from '../../model/content.ts';
import type { Asset } from '../../model/revision.ts';
import { BarredSources } from './barred-sources.ts';
import { diskError } from './disk.ts';
import { RunningFill } from './fill.ts';
import { hashInThread } from './hash-in-thread.ts';
import { dropOldPartials, type Layout, layoutOf, openLayout } from './layout.ts';
import { openBlob } from './open-blob.ts';
import type { Evictable } from './policy/evict.ts';
import { checkBlob, putBlob } from './put.ts';
import { dropQuarantined, listQuarantine, quarantineBlob } from './quarantine.ts';
import { Room } from './room.ts';
import { Scrub } from './scrub.ts';
import type { ContentDeps, RunningContentStore } from './settings.ts';
import { sourcesOf } from './sources/sources.ts';
import { Troubles } from './troubles.ts';
import { createTurnstile, type Turnstile } from './turnstile.ts';

export type { ContentSettings, RunningContentStore } from './settings.ts';

const STALL_MS = 30_000;
const MAX_ASSET_BYTES = 16 * 2 ** 30;
/**
 * Not the 2 GB that a large disk could spare: a box with 16 GB of flash would lose an eighth of it, and the events and boots
 * that must find room are 500 MB at most, most of which is taken long before.
 */
const RESERVE_BYTES = 256 * 2 ** 20;
const PARALLEL_FILLS = 3;
/** 100 GB in an hour and a half, once a month: nobody notices. */
const SCRUB_BYTES_PER_SECOND = 20_000_000;
/** A second copy on the same line would only slow the first, but clients give up after 30 s without an answer. */
const PASSING_MS = 15_000;

/** Opens the store in a data directory. Rejects with `disk-failed` or `disk-full` if its folders cannot be made or read. */
export async function createContentStore(deps: ContentDeps): Promise<RunningContentStore> {
  const layout = layoutOf(deps.settings.dataDir);
  const [complete, damaged] = await openAll(layout, deps.clock.now()).catch((cause: unknown) => {
    throw diskError(cause, `cannot open the assets below ${deps.settings.dataDir}`);
  });
  deps.log.info({ assets: complete.size }, 'content store opened');
  return new DiskContentStore(deps, layout, complete, damaged);
}

async function openAll(layout: Layout, nowMs: number): Promise<[Map<Digest, number>, Set<Digest>]> {
  const complete = await openLayout(layout);
  await dropOldPartials(layout, nowMs, () => false);
  return [complete, await listQuarantine(layout)];
}

class DiskContentStore implements RunningContentStore {
  readonly #deps: ContentDeps;
  readonly #layout: Layout;
  readonly #complete: Map<Digest, number>;
  /** Of each digest the newest. */
  readonly #filling = new Map<Digest, RunningFill>();
  readonly #running = new Set<RunningFill>();
  readonly #troubles: Troubles;
  readonly #barred: BarredSources;
  readonly #room: Room;
  readonly #scrub: Scrub;
  /** Found damaged, and not here again. */
  readonly #damaged: Set<Digest>;
  #groups: FileGroups | undefined;
  #lacksRoom = false;
  /** What may have to be fetched again: all that is pinned, and what is tried. */
  readonly #wanted = new Map<Digest, WantedBlob>();
  readonly #pins = new Map<string, ReadonlySet<Digest>>();
  readonly #turnstile: Turnstile;
  readonly #stopping = new AbortController();

  constructor(deps: ContentDeps, layout: Layout, complete: Map<Digest, number>, damaged: Set<Digest>) {
    this.#deps = deps;
    this.#damaged = damaged;
    this.#layout = layout;
    this.#complete = complete;
    this.#turnstile = createTurnstile(deps.settings.parallelFills ?? PARALLEL_FILLS);
    this.#barred = new BarredSources(deps.clock);
    this.#troubles = new Troubles({ ...deps, onDue: (wanted) => this.#retry(wanted) });
    this.#room = new Room({
      layout,
      reserveBytes: deps.settings.reserveBytes ?? RESERVE_BYTES,
      maxBytes: () => deps.settings.maxDiskBytes?.(),
      isKept: (digest) => this.#filling.has(digest) || this.#isPinned(digest),
      groups: () => this.#groups?.groups() ?? [],
      onEvict: (victims) => this.#onEvict(victims),
    });
    this.#scrub = new Scrub({
      ...{ ...deps, dataDir: deps.settings.dataDir, layout, blobs: () => complete.keys() },
      hasher: deps.hasher ?? (() => hashInThread(SCRUB_BYTES_PER_SECOND)),
      onDamaged: (digest, because) => this.#onDamaged(digest, because),
    });
    // Each fill listens, and there may be many.
    setMaxListeners(0, this.#stopping.signal);
  }

  async open(digest: Digest): Promise<OpenAsset | undefined> {
    const sizeBytes = this.#complete.get(digest);
    if (sizeBytes === undefined) return undefined;
    const opened = await openBlob(this.#layout, digest, sizeBytes, this.#deps.clock.now());
    if (typeof opened === 'object') return opened;
    await this.#onDamaged(digest, opened === 'gone' ? 'its file is gone' : 'its file has another size');
    return undefined;
  }

  scrub(): Promise<ScrubReport> {
    return this.#scrub.now();
  }

  group(by: FileGroups): void {
    this.#groups = by;
  }

  scrubMonthly(): void {
    this.#scrub.start();
  }

  stateOf(digest: Digest): AssetState {
    const sizeBytes = this.#complete.get(digest);
    if (sizeBytes !== undefined) return { kind: 'complete', sizeBytes };
    const filling = this.#filling.get(digest);
    if (!filling) return this.#troubles.stateOf(digest) ?? { kind: 'absent' };
    const { bytesDone, sizeBytes: expected } = filling.progress;
    return { kind: 'filling', bytesDone, ...(expected === undefined ? {} : { sizeBytes: expected }) };
  }

  ensure({ digest, name, sources }: Asset): Promise<void> {
    const ways = sourcesOf(sources, this.#layout.partial, this.#deps.wan);
    return this.#ensure({ digest, name, sources: ways, priority: 'boot' });
  }

  async follow(wanted: WantedBlob): Promise<OpenAsset> {
    const { digest, priority } = wanted;
    for (;;) {
      const opened = await this.open(digest);
      if (opened) return opened;
      this.#remember(wanted);
      const running = this.#filling.get(digest);
      if (!running || running.isWhole) return this.#fill(wanted).follow(priority);
      // Who comes too late for a file that only passes takes the next one, together with all who come meanwhile.
      await this.#soonOver(running);
      if (this.#filling.get(digest) === running) this.#begin(wanted, running.full);
    }
  }

  fetch(wanted: WantedBlob): Promise<void> {
    return this.#ensure(wanted);
  }

  async put(brought: BroughtBlob): Promise<void> {
    const { digest, sizeBytes } = brought;
    if (this.#complete.has(digest)) return checkBlob(brought, () => Promise.resolve());
    const { maxAssetBytes: maxBytes = MAX_ASSET_BYTES } = this.#deps.settings;
    await putBlob(brought, { layout: this.#layout, maxBytes, checkRoom: (bytes) => this.#room.make(bytes) });
    this.#onKept(digest, sizeBytes);
  }

  pin(owner: string, digests: readonly Digest[]): Promise<void> {
    this.#pins.set(owner, new Set(digests));
    for (const digest of this.#wanted.keys()) if (!this.#isPinned(digest)) this.#wanted.delete(digest);
    return Promise.resolve();
  }

  fills(): number {
    return this.#running.size;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#troubles.stop();
    await this.#scrub.stop();
    await Promise.allSettled([...this.#running].map((fill) => fill.done));
  }

  async #ensure(wanted: WantedBlob): Promise<void> {
    this.#remember(wanted);
    if (!this.#complete.has(wanted.digest)) await this.#fill(wanted).done;
  }

  #remember(wanted: WantedBlob): void {
    this.#wanted.set(wanted.digest, wanted);
  }

  /** The one fill of a digest: that which runs, or a new one. */
  #fill(wanted: WantedBlob): RunningFill {
    const { digest } = wanted;
    const running = this.#filling.get(digest);
    running?.join(wanted);
    return running ?? this.#begin(wanted);
  }

  #begin(wanted: WantedBlob, unkept?: AppError): RunningFill {
    const { digest } = wanted;
    const { clock, random, settings } = this.#deps;
    const startedAt = clock.monotonic();
    const fill = new RunningFill(wanted, {
      ...{ layout: this.#layout, clock, random, turnstile: this.#turnstile, signal: this.#stopping.signal },
      stallMs: settings.stallMs ?? STALL_MS,
      maxBytes: settings.maxAssetBytes ?? MAX_ASSET_BYTES,
      checkRoom: (bytes) => this.#room.make(bytes),
      unkept,
      isPinned: () => this.#isPinned(digest),
      barred: ({ label }) => this.#barred.because(digest, label),
      onWrong: (source, because) => this.#onWrong(wanted, source, because),
      onEnd: (outcome) => {
        this.#running.delete(fill);
        if (this.#filling.get(digest) === fill) this.#filling.delete(digest);
        this.#onEnd(wanted, outcome, startedAt);
      },
    });
    this.#filling.set(digest, fill);
    this.#running.add(fill);
    return fill;
  }

  async #soonOver({ done }: RunningFill): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#deps.clock.after(PASSING_MS, resolve);
    await Promise.race([done.catch(() => undefined), late]);
    cancel();
  }

  /** In the same turn in which its followers hear of it, so that nobody finds it neither here nor on its way. */
  #onEnd(wanted: WantedBlob, outcome: number | AppError, startedAt: number): void {
    const { clock, log, tell } = this.#deps;
    const { digest, name } = wanted;
    if (typeof outcome !== 'number') {
      if (this.#stopping.signal.aborted) return;
      this.#troubles.add(this.#wanted.get(digest) ?? wanted, outcome);
      if (outcome.code === 'disk-full') {
        this.#lacksRoom = true;
        tell?.({ kind: 'no-room', digest, name, because: outcome.message });
      }
      return;
    }
    this.#onKept(digest, outcome);
    const ms = Math.round(clock.monotonic() - startedAt);
    log.info({ asset: name, digest: shortDigest(digest), sizeBytes: outcome, ms }, 'asset is here');
  }

  #onKept(digest: Digest, sizeBytes: number): void {
    const { log, tell } = this.#deps;
    this.#complete.set(digest, sizeBytes);
    if (this.#lacksRoom) tell?.({ kind: 'room-again' });
    this.#lacksRoom = false;
    if (this.#damaged.delete(digest)) {
      tell?.({ kind: 'healed', digest });
      dropQuarantined(this.#layout, digest).catch((error: unknown) =>
        log.warn({ digest, error }, 'a damaged file stays'),
      );
    }
    this.#forget(digest);
  }

  async #onDamaged(digest: Digest, because: string): Promise<void> {
    const { log, tell } = this.#deps;
    // Who opened it may have seen it as well.
    if (!this.#complete.delete(digest)) return;
    log.error({ digest, because }, 'a file on the disk is not what it was: it is fetched again when somebody needs it');
    await quarantineBlob(this.#layout, digest);
    this.#damaged.add(digest);
    tell?.({ kind: 'damaged', digest, because });
    const wanted = this.#wanted.get(digest);
    if (wanted) this.#retry(wanted);
  }

  #onWrong({ digest, name }: WantedBlob, source: BlobSource | undefined, because: string): void {
    if (source) {
      this.#barred.add(digest, source.label);
      this.#deps.tell?.({ kind: 'wrong-bytes', digest, name, source: source.label });
    }
    this.#deps.log.warn(
      { asset: name, source: source?.label ?? 'several sources' },
      `wrong bytes were thrown away: ${because}`,
    );
  }

  #onEvict(victims: readonly Evictable[]): void {
    const gone = new Set(victims.filter(({ isPartial }) => !isPartial).map(({ digest }) => digest));
    for (const digest of gone) this.#complete.delete(digest);
    const bytes = victims.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#deps.log.info({ files: victims.length, bytes }, 'files that nobody needs made room for another one');
    this.#groups?.onGone(gone);
  }

  #retry(wanted: WantedBlob): void {
    // A failure is logged and remembered by the fill itself, which also arms the next try.
    if (this.#isPinned(wanted.digest)) this.#ensure(wanted).catch(() => undefined);
    else this.#forget(wanted.digest);
  }

  /** What nobody pins would not be fetched again. */
  #forget(digest: Digest): void {
    this.#troubles.drop(digest);
    if (!this.#isPinned(digest)) this.#wanted.delete(digest);
  }

  #isPinned(digest: Digest): boolean {
    return [...this.#pins.values()].some((digests) => digests.has(digest));
  }
}

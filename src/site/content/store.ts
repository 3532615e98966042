import type { Digest } from '../../kernel/digest.ts';
import { shortDigest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import type { AssetState, ContentStore, OpenAsset, WantedBlob } from '../../model/content.ts';
import type { Asset } from '../../model/revision.ts';
import { diskError } from './disk.ts';
import { fill } from './fill.ts';
import { layoutOf, openLayout } from './layout.ts';
import { openBlob, quarantineBlob } from './open-blob.ts';
import { retryDelays } from './retry.ts';
import { createTurnstile } from './turnstile.ts';

export type ContentSettings = {
  readonly dataDir: string;
  /** A source that is silent for so long has failed. */
  readonly stallMs?: number;
  readonly maxAssetBytes?: number;
  /** What assets leave free on the disk, so that leases and events can always be written. */
  readonly reserveBytes?: number;
  /** Fills at a time: each holds a thread of the pool now and then, and downloads share it. */
  readonly parallelFills?: number;
};

export type ContentDeps = {
  readonly settings: ContentSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** The store, as its composition root holds it. */
export interface RunningContentStore extends ContentStore {
  /** Ends fills and retries; what is half done is dropped. */
  stop(): Promise<void>;
}

type Failed = Extract<AssetState, { kind: 'failed' }>;
/** A digest that failed: its asset is kept for the next try, which comes while somebody pins it. */
type Trouble = { readonly asset: Asset; readonly delays: Iterator<number>; state: Failed; cancel: Cancel };
type Filling = { readonly work: Promise<void>; bytesDone: number; sizeBytes: number | undefined };

const STALL_MS = 30_000;
const MAX_ASSET_BYTES = 16 * 2 ** 30;
const RESERVE_BYTES = 256 * 2 ** 20;
const PARALLEL_FILLS = 3;

/** Opens the store in a data directory. Rejects with `disk-failed` or `disk-full` if its folders cannot be made or read. */
export async function createContentStore(deps: ContentDeps): Promise<RunningContentStore> {
  const layout = layoutOf(deps.settings.dataDir);
  const complete = await openLayout(layout).catch((cause: unknown) => {
    throw diskError(cause, `cannot open the assets below ${deps.settings.dataDir}`);
  });
  deps.log.info({ assets: complete.size }, 'content store opened');
  return new DiskContentStore(deps, complete);
}

class DiskContentStore implements RunningContentStore {
  readonly #deps: ContentDeps;
  readonly #complete: Map<Digest, number>;
  readonly #filling = new Map<Digest, Filling>();
  readonly #troubles = new Map<Digest, Trouble>();
  /** What may have to be fetched again: all that was asked for and is pinned. */
  readonly #assets = new Map<Digest, Asset>();
  readonly #pins = new Map<string, ReadonlySet<Digest>>();
  readonly #turnstile: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #stopping = new AbortController();

  constructor(deps: ContentDeps, complete: Map<Digest, number>) {
    this.#deps = deps;
    this.#complete = complete;
    this.#turnstile = createTurnstile(deps.settings.parallelFills ?? PARALLEL_FILLS);
  }

  async open(digest: Digest) {
    const sizeBytes = this.#complete.get(digest);
    if (sizeBytes === undefined) return undefined;
    const layout = layoutOf(this.#deps.settings.dataDir);
    const opened = await openBlob(layout, digest, sizeBytes);
    if (typeof opened === 'object') return opened;
    this.#complete.delete(digest);
    this.#deps.log.error({ digest, because: opened }, 'an asset on disk is not what it was: it will be fetched again');
    if (opened === 'changed') await quarantineBlob(layout, digest);
    const asset = this.#assets.get(digest);
    if (asset) this.#retry(asset);
    return undefined;
  }

  stateOf(digest: Digest): AssetState {
    const sizeBytes = this.#complete.get(digest);
    if (sizeBytes !== undefined) return { kind: 'complete', sizeBytes };
    const filling = this.#filling.get(digest);
    if (!filling) return this.#troubles.get(digest)?.state ?? { kind: 'absent' };
    const { bytesDone, sizeBytes: expected } = filling;
    return { kind: 'filling', bytesDone, ...(expected === undefined ? {} : { sizeBytes: expected }) };
  }

  ensure(asset: Asset): Promise<void> {
    this.#assets.set(asset.digest, asset);
    if (this.#complete.has(asset.digest)) return Promise.resolve();
    const running = this.#filling.get(asset.digest);
    if (running) return running.work;
    // The turnstile answers in a later turn, so the fill never runs before it is in the table.
    const filling: Filling = { work: this.#turnstile(() => this.#fill(asset)), bytesDone: 0, sizeBytes: undefined };
    this.#filling.set(asset.digest, filling);
    return filling.work;
  }

  async follow({ digest, name }: WantedBlob): Promise<OpenAsset> {
    const opened = await this.open(digest);
    if (!opened) throw new AppError('asset-unavailable', `${name}: is not here, and cannot be fetched yet`);
    return opened;
  }

  pin(owner: string, digests: readonly Digest[]): Promise<void> {
    this.#pins.set(owner, new Set(digests));
    for (const digest of this.#assets.keys()) if (!this.#isPinned(digest)) this.#assets.delete(digest);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const trouble of this.#troubles.values()) trouble.cancel();
    await Promise.allSettled([...this.#filling.values()].map((filling) => filling.work));
  }

  async #fill(asset: Asset): Promise<void> {
    const { clock, log, settings } = this.#deps;
    const startedAt = clock.monotonic();
    try {
      const sizeBytes = await fill(asset, {
        layout: layoutOf(settings.dataDir),
        stallMs: settings.stallMs ?? STALL_MS,
        maxBytes: settings.maxAssetBytes ?? MAX_ASSET_BYTES,
        reserveBytes: settings.reserveBytes ?? RESERVE_BYTES,
        signal: this.#stopping.signal,
        onProgress: (bytesDone, expected) => this.#progress(asset.digest, bytesDone, expected),
      });
      this.#complete.set(asset.digest, sizeBytes);
      this.#dropTrouble(asset.digest);
      const ms = Math.round(clock.monotonic() - startedAt);
      log.info({ asset: asset.name, digest: shortDigest(asset.digest), sizeBytes, ms }, 'asset is here');
    } catch (cause) {
      const error = AppError.from(cause);
      this.#remember(asset, error);
      throw error;
    } finally {
      this.#filling.delete(asset.digest);
    }
  }

  #progress(digest: Digest, bytesDone: number, sizeBytes: number | undefined): void {
    const filling = this.#filling.get(digest);
    if (!filling) return;
    filling.bytesDone = bytesDone;
    filling.sizeBytes = sizeBytes;
  }

  #remember(asset: Asset, error: AppError): void {
    const { clock, log, random } = this.#deps;
    if (this.#stopping.signal.aborted) return;
    const former = this.#troubles.get(asset.digest);
    former?.cancel();
    const delays = former?.delays ?? retryDelays(random);
    const delayMs = delays.next().value;
    this.#troubles.set(asset.digest, {
      asset,
      delays,
      state: { kind: 'failed', because: error.message, nextTryAt: clock.now() + delayMs },
      cancel: clock.after(delayMs, () => this.#retry(asset)),
    });
    const fields = { asset: asset.name, digest: shortDigest(asset.digest), code: error.code, nextTryInMs: delayMs };
    log.warn(fields, error.message);
  }

  #retry(asset: Asset): void {
    // A failure is logged and remembered by the fill itself, which also arms the next try.
    if (this.#isPinned(asset.digest)) this.ensure(asset).catch(() => undefined);
    else this.#dropTrouble(asset.digest);
  }

  #dropTrouble(digest: Digest): void {
    this.#troubles.get(digest)?.cancel();
    this.#troubles.delete(digest);
  }

  #isPinned(digest: Digest): boolean {
    return [...this.#pins.values()].some((digests) => digests.has(digest));
  }
}

import { backoff } from '../../kernel/backoff.ts';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import { formatImageReference } from '../../kernel/image-name.ts';
import { formatPlatform } from '../../kernel/platform.ts';
import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import type { ContentStore } from '../../model/content.ts';
import type { ImageState, WantedImage } from '../../model/images.ts';
import type { Mirror } from './mirror.ts';
import { type Needed, neededFor } from './policy/needed.ts';
import type { Repositories } from './repositories.ts';

export type WantedDeps = {
  readonly mirror: Mirror;
  readonly repositories: Repositories;
  readonly content: ContentStore;
  /** What the revision in force wants. */
  readonly wanted: () => readonly WantedImage[];
  /** How long this site waits before it begins with what a revision wants. */
  readonly startDelayMs: () => number;
  /** How long a tag counts as known. */
  readonly tagsFreshMs: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type WantedState = { readonly image: WantedImage; readonly state: ImageState };

export interface RunningWanted {
  states(): readonly WantedState[];
  /** Whether these wanted images, by name, are here whole; else why not, in words. */
  missing(names: readonly string[]): string | undefined;
  /** The revision in force is another one. */
  changed(): void;
  /** Somebody wants it now: nobody waits for a moment of this site's own. Resolves when all of it is here, or was tried. */
  pull(name: string): Promise<ImageState>;
  stop(): Promise<void>;
}

/** An upstream that has just failed is left alone for a while; a line that comes back is used within minutes. */
const RETRY = { firstMs: 30_000, factor: 2, maxMs: 900_000 };

/** Fetches what the revision in force wants before anybody asks for it, one image after the other, and keeps it. */
export function createWanted(deps: WantedDeps): RunningWanted {
  return new Prefetch(deps);
}

class Prefetch implements RunningWanted {
  readonly #deps: WantedDeps;
  readonly #failures = new Map<string, string>();
  readonly #stopping = new AbortController();
  #timer: Cancel | undefined;
  #round: Promise<void> = Promise.resolve();
  #delays = backoff(RETRY, { unit: () => 0.5, bytes: (count) => new Uint8Array(count) });

  constructor(deps: WantedDeps) {
    this.#deps = deps;
    this.#delays = backoff(RETRY, deps.random);
  }

  states(): readonly WantedState[] {
    return this.#deps.wanted().map((image) => ({ image, state: this.#stateOf(image) }));
  }

  missing(names: readonly string[]): string | undefined {
    const lacking = this.states().filter(({ image, state }) => names.includes(image.name) && state.kind !== 'complete');
    return lacking.map(({ image, state }) => `image ${image.name}: ${sayState(state)}`).join('; ') || undefined;
  }

  changed(): void {
    this.#failures.clear();
    this.#delays = backoff(RETRY, this.#deps.random);
    void this.#pin();
    this.#again(this.#deps.startDelayMs());
  }

  async pull(name: string): Promise<ImageState> {
    const image = this.#deps.wanted().find((one) => one.name === name);
    if (!image) throw new AppError('not-found', `no image is called ${JSON.stringify(name)}`);
    await this.#fetch(image);
    return this.#stateOf(image);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.();
    await this.#round;
  }

  #again(delayMs: number): void {
    this.#timer?.();
    if (this.#stopping.signal.aborted || this.#deps.wanted().length === 0) return;
    this.#timer = this.#deps.clock.after(delayMs, () => {
      this.#round = this.#round.then(() => this.#runRound());
    });
  }

  async #runRound(): Promise<void> {
    for (const image of this.#deps.wanted()) {
      if (this.#stopping.signal.aborted) return;
      await this.#fetch(image);
    }
    const isWhole = this.states().every(({ state }) => state.kind === 'complete');
    if (isWhole) this.#delays = backoff(RETRY, this.#deps.random);
    // What is whole is looked at again, since a tag may have moved on.
    this.#again(isWhole ? this.#deps.tagsFreshMs() : this.#delays.next().value);
  }

  async #fetch(image: WantedImage): Promise<void> {
    const { log } = this.#deps;
    const was = this.#stateOf(image);
    try {
      await this.#fetchAll(image);
      this.#failures.delete(image.name);
      const state = this.#stateOf(image);
      if (was.kind !== 'complete' && state.kind === 'complete')
        log.info({ image: formatImageReference(image.image), sizeBytes: state.sizeBytes }, 'a wanted image is here');
    } catch (cause) {
      if (this.#stopping.signal.aborted) return;
      const because = AppError.from(cause).message;
      if (this.#failures.get(image.name) !== because)
        log.warn({ image: formatImageReference(image.image) }, `a wanted image is not here: ${because}`);
      this.#failures.set(image.name, because);
    }
  }

  async #fetchAll(image: WantedImage): Promise<void> {
    const { mirror } = this.#deps;
    const root = await mirror.manifest(image.image, image.image.reference, 'prefetch');
    if (!root.ok) throw new AppError('asset-unavailable', root.error.message);
    if (image.referrers) await this.#fetchReferrers(image, [root.value.digest]);
    const needed = await this.#readManifests(image, root.value.digest);
    await this.#pin();
    if (needed.notOffered.length > 0)
      throw new AppError(
        'asset-unavailable',
        `the image is not for ${needed.notOffered.map(formatPlatform).join(', ')}`,
      );
    // The store fetches a few at a time; the first that fails is told of, after all have been tried.
    const outcomes = await Promise.allSettled([...needed.sizes.keys()].map((digest) => this.#fetchBlob(image, digest)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Reads the manifests below an image until all are known. */
  async #readManifests(image: WantedImage, root: Digest): Promise<Needed> {
    const needed = this.#neededBelow(image, root);
    if (needed.unread.length === 0) return needed;
    for (const digest of needed.unread) await this.#readManifest(image, digest);
    const left = this.#neededBelow(image, root);
    if (left.unread.some((digest) => needed.unread.includes(digest)))
      throw new AppError('disk-failed', 'its manifests could not be kept');
    return this.#readManifests(image, root);
  }

  #neededBelow(image: WantedImage, root: Digest): Needed {
    const repository = this.#deps.repositories.get(image.image);
    if (!repository) throw new AppError('disk-failed', 'its manifest could not be kept');
    return neededFor(repository, root, image);
  }

  async #readManifest(image: WantedImage, digest: Digest): Promise<void> {
    const read = await this.#deps.mirror.manifest(image.image, { kind: 'digest', digest }, 'prefetch');
    if (!read.ok) throw new AppError('asset-unavailable', read.error.message);
    if (image.referrers) await this.#fetchReferrers(image, [digest]);
  }

  async #fetchReferrers(image: WantedImage, subjects: readonly Digest[]): Promise<void> {
    const { mirror } = this.#deps;
    for (const subject of subjects) {
      const found = await mirror.referrers(image.image, subject);
      for (const { digest } of found.ok ? found.value : [])
        await mirror.manifest(image.image, { kind: 'digest', digest }, 'prefetch');
    }
  }

  async #fetchBlob(image: WantedImage, digest: Digest): Promise<void> {
    const { content, mirror } = this.#deps;
    if (content.stateOf(digest).kind === 'complete') return;
    const opened = await mirror.blob(image.image, digest, 'prefetch');
    if (!opened.ok) throw new AppError('asset-unavailable', opened.error.message);
    const asset = opened.value;
    try {
      // Its last byte is given when all of it is here and right.
      await asset.read(new Uint8Array(1), Math.max(0, asset.sizeBytes - 1));
    } finally {
      await asset.close();
    }
  }

  /** What is wanted stays, also while it is not whole yet. */
  async #pin(): Promise<void> {
    const digests = this.#deps.wanted().flatMap((image) => [...(this.#needed(image)?.sizes.keys() ?? [])]);
    await this.#deps.content.pin('images', digests);
  }

  #needed(image: WantedImage): Needed | undefined {
    const { reference } = image.image;
    const repository = this.#deps.repositories.get(image.image);
    const root = reference.kind === 'digest' ? reference.digest : repository?.tags.get(reference.tag)?.digest;
    return repository && root && repository.manifests.has(root) ? neededFor(repository, root, image) : undefined;
  }

  #stateOf(image: WantedImage): ImageState {
    const { content } = this.#deps;
    const failure = this.#failures.get(image.name);
    const needed = this.#needed(image);
    if (!needed) return failure === undefined ? { kind: 'waiting' } : { kind: 'failed', because: failure };
    let [doneBytes, sizeBytes, isWhole] = [0, 0, needed.unread.length === 0 && needed.notOffered.length === 0];
    for (const [digest, size] of needed.sizes) {
      const state = content.stateOf(digest);
      sizeBytes += size;
      if (state.kind === 'complete') doneBytes += size;
      else isWhole = false;
      if (state.kind === 'filling') doneBytes += Math.min(size, state.bytesDone);
    }
    if (isWhole) return { kind: 'complete', sizeBytes };
    return failure === undefined ? { kind: 'partial', doneBytes, sizeBytes } : { kind: 'failed', because: failure };
  }
}

/** `complete`, `40 %`, `failed: …`: as the page and head office show it. */
export function sayState(state: ImageState): string {
  switch (state.kind) {
    case 'complete':
      return 'complete';
    case 'partial':
      // Never "100 %" of something that is not whole.
      return `${Math.min(99, Math.floor((state.doneBytes / Math.max(1, state.sizeBytes)) * 100))} %`;
    case 'waiting':
      return 'not begun';
    case 'failed':
      return `failed because ${state.because}`;
    default:
      return state satisfies never;
  }
}

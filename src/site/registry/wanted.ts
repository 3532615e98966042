import { backoff } from '../../kernel/backoff.ts';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import { formatImageReference } from '../../kernel/image-name.ts';
import { Memo } from '../../kernel/memo.ts';
import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import type { ContentStore } from '../../model/content.ts';
import type { ImageState, WantedImage } from '../../model/images.ts';
import { cosignTags } from './codec/referrers.ts';
import type { Mirror } from './mirror.ts';
import { type Needed, neededFor } from './policy/needed.ts';
import { sayState, wantedState, whyNever } from './policy/wanted-state.ts';
import type { Repositories } from './repositories.ts';

/** An image that is wanted here, by the revision in force or by a person of the site. */
export type Wanted = { readonly image: WantedImage; readonly by: 'revision' | 'person' };

export type WantedDeps = {
  readonly mirror: Pick<Mirror, 'manifest' | 'fetchBlob' | 'referrers' | 'blobSize'>;
  readonly repositories: Pick<Repositories, 'get'>;
  readonly content: Pick<ContentStore, 'stateOf' | 'pin'>;
  readonly wanted: () => readonly Wanted[];
  /** Stays as far as it is here, but is not fetched: of a revision that may be gone back to, or that a machine boots by. */
  readonly alsoKept: () => readonly WantedImage[];
  /** How long this site waits before it begins with what a revision wants. */
  readonly startDelayMs: () => number;
  /** How long a tag counts as known. */
  readonly tagsFreshMs: () => number;
  /** Why its registry shall not be asked for an image that no machine waits for; undefined: it may be. */
  readonly whyNotNow: (image: WantedImage) => string | undefined;
  /** All of an image is here; said each time that it is looked at. */
  readonly onComplete: (wanted: Wanted, sizeBytes: number) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type WantedState = Wanted & {
  readonly state: ImageState;
  /** Its registry is asked for it now. */
  readonly isFetching: boolean;
};

export interface RunningWanted {
  states(): readonly WantedState[];
  /** Whether these images of the revision in force are here whole; else why not, in words. */
  missing(names: readonly string[]): string | undefined;
  /** Other images are wanted. `now`: a person did it, and nobody waits for a moment of this site's own. */
  changed(options?: { readonly now: boolean }): void;
  /** Resolves when all of it is here, or was tried. Rejects with `not-found`. */
  pull(name: string): Promise<ImageState>;
  stop(): Promise<void>;
}

const REFERRERS_MS = 3_600_000;
/** An upstream that has just failed is left alone for a while; a line that comes back is used within minutes. */
const RETRY = { firstMs: 30_000, factor: 2, maxMs: 900_000 };

/** Fetches what is wanted before anybody asks for it, one image after the other, and keeps it. */
export function createWanted(deps: WantedDeps): RunningWanted {
  return new Prefetch(deps);
}

class Prefetch implements RunningWanted {
  readonly #deps: WantedDeps;
  /** By image, as `keyOf` has it: a name may come to mean another image while the old one is still fetched. */
  readonly #failures = new Map<string, string>();
  readonly #fetching = new Map<string, Promise<void>>();
  /** When what refers to an image is looked for again. */
  readonly #referrersAt = new Memo<number>(1_000);
  readonly #stopping = new AbortController();
  #timer: Cancel | undefined;
  #round: Promise<void> = Promise.resolve();
  #delays: ReturnType<typeof backoff>;

  constructor(deps: WantedDeps) {
    this.#deps = deps;
    this.#delays = backoff(RETRY, deps.random);
    // Before anything can need room.
    void this.#pin();
  }

  states(): readonly WantedState[] {
    return this.#deps.wanted().map((wanted) => ({
      ...wanted,
      state: this.#stateOf(wanted.image),
      isFetching: this.#fetching.has(keyOf(wanted.image)),
    }));
  }

  missing(names: readonly string[]): string | undefined {
    const lacking = this.#deps.wanted().flatMap(({ image, by }) => {
      const state = by === 'revision' && names.includes(image.name) ? this.#stateOf(image) : undefined;
      return state && state.kind !== 'complete' ? [`image ${image.name}: ${sayState(state)}`] : [];
    });
    return lacking.join('; ') || undefined;
  }

  changed({ now } = { now: false }): void {
    this.#failures.clear();
    this.#delays = backoff(RETRY, this.#deps.random);
    void this.#pin();
    this.#again(now ? 0 : this.#deps.startDelayMs());
  }

  async pull(name: string): Promise<ImageState> {
    const wanted = this.#deps.wanted().find(({ image }) => image.name === name);
    if (!wanted) throw new AppError('not-found', `no image is called ${JSON.stringify(name)}`);
    await this.#fetch(wanted);
    return this.#stateOf(wanted.image);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.();
    await Promise.all([this.#round, ...this.#fetching.values()]);
  }

  #again(delayMs: number): void {
    this.#timer?.();
    if (this.#stopping.signal.aborted || this.#deps.wanted().length === 0) return;
    this.#timer = this.#deps.clock.after(delayMs, () => {
      this.#round = this.#round.then(() => this.#runRound());
    });
  }

  async #runRound(): Promise<void> {
    for (const wanted of this.#deps.wanted()) {
      if (this.#stopping.signal.aborted) return;
      const { image } = wanted;
      const notNow = this.#stateOf(image).kind === 'complete' ? undefined : this.#deps.whyNotNow(image);
      if (notNow === undefined) await this.#fetch(wanted);
      else this.#failures.set(keyOf(image), notNow);
    }
    const isWhole = this.states().every(({ state }) => state.kind === 'complete');
    if (isWhole) this.#delays = backoff(RETRY, this.#deps.random);
    // What is whole is looked at again, since a tag may have moved on.
    this.#again(isWhole ? this.#deps.tagsFreshMs() : this.#delays.next().value);
  }

  /** One at a time for each image: whoever else wants it waits for the same. */
  #fetch(wanted: Wanted): Promise<void> {
    const key = keyOf(wanted.image);
    const running = this.#fetching.get(key);
    if (running) return running;
    const fetching = this.#tryAll(wanted).finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, fetching);
    return fetching;
  }

  async #tryAll(wanted: Wanted): Promise<void> {
    const { log, onComplete } = this.#deps;
    const { image } = wanted;
    const [key, name, was] = [keyOf(image), formatImageReference(image.image), this.#stateOf(image)];
    try {
      await unlessAborted(this.#fetchAll(image), this.#stopping.signal);
      this.#failures.delete(key);
      const state = this.#stateOf(image);
      if (state.kind !== 'complete') return;
      if (was.kind !== 'complete') log.info({ image: name, sizeBytes: state.sizeBytes }, 'a wanted image is here');
      onComplete(wanted, state.sizeBytes);
    } catch (cause) {
      if (this.#stopping.signal.aborted) return;
      const because = AppError.from(cause).message;
      if (this.#failures.get(key) !== because) log.warn({ image: name }, `a wanted image is not here: ${because}`);
      this.#failures.set(key, because);
    }
  }

  async #fetchAll(image: WantedImage): Promise<void> {
    const root = await this.#deps.mirror.manifest(image.image, image.image.reference, 'prefetch');
    if (!root.ok) throw new AppError('asset-unavailable', root.error.message);
    const known = await this.#readManifests(image, root.value.digest);
    const needed = image.referrers ? await this.#withReferrers(image, root.value.digest, known) : known;
    await this.#pin();
    const never = whyNever(needed);
    if (never !== undefined) throw new AppError('asset-unavailable', never);
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
  }

  /** What refers to an image may come after it: of one that is whole that is looked for now and then. */
  async #withReferrers(image: WantedImage, root: Digest, known: Needed): Promise<Needed> {
    const key = `${keyOf(image)} ${root}`;
    const nextAt = this.#referrersAt.get(key) ?? Number.NEGATIVE_INFINITY;
    const now = this.#deps.clock.monotonic();
    if (now < nextAt && this.#stateOf(image).kind === 'complete') return known;
    for (const subject of known.subjects) await this.#fetchReferrers(image, subject);
    this.#referrersAt.set(key, now + REFERRERS_MS);
    return this.#readManifests(image, root);
  }

  /** By the referrers API and by the tags of cosign; most images have neither, and that is no failure. */
  async #fetchReferrers({ image }: WantedImage, subject: Digest): Promise<void> {
    const { mirror } = this.#deps;
    const found = await mirror.referrers(image, subject);
    for (const { digest } of found.ok ? found.value : [])
      await mirror.manifest(image, { kind: 'digest', digest }, 'prefetch');
    for (const tag of cosignTags(subject)) await mirror.manifest(image, { kind: 'tag', tag }, 'prefetch');
  }

  async #fetchBlob(image: WantedImage, digest: Digest): Promise<void> {
    const { content, mirror } = this.#deps;
    if (content.stateOf(digest).kind === 'complete') {
      // By another repository, it may have to be proved that this one has it; else nobody is asked.
      await mirror.blobSize(image.image, digest);
      return;
    }
    const fetched = await mirror.fetchBlob(image.image, digest);
    if (!fetched.ok) throw new AppError('asset-unavailable', fetched.error.message);
  }

  /** What is wanted stays, also while it is not whole yet. */
  async #pin(): Promise<void> {
    const { alsoKept, wanted } = this.#deps;
    const kept = [...wanted().map(({ image }) => image), ...alsoKept()];
    const digests = kept.flatMap((image) => [...(this.#needed(image)?.sizes.keys() ?? [])]);
    await this.#deps.content.pin('images', digests);
  }

  #needed(image: WantedImage): Needed | undefined {
    const { reference } = image.image;
    const repository = this.#deps.repositories.get(image.image);
    const root = reference.kind === 'digest' ? reference.digest : repository?.tags.get(reference.tag)?.digest;
    return repository && root && repository.manifests.has(root) ? neededFor(repository, root, image) : undefined;
  }

  #stateOf(image: WantedImage): ImageState {
    const failure = this.#failures.get(keyOf(image));
    return wantedState(this.#needed(image), failure, (digest) => this.#deps.content.stateOf(digest));
  }
}

function keyOf({ name, image }: WantedImage): string {
  return `${name} ${formatImageReference(image)}`;
}

/** A site that stops waits for no upstream; what is under way ends with the store. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new AppError('interrupted', 'the site is stopping'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import {
  formatOciDigest,
  formatReference,
  type Reference,
  type RepositoryKey,
  type Tag,
} from '../../kernel/image-name.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { ContentStore, FillPriority, OpenAsset, WantedBlob } from '../../model/content.ts';
import type { OciError } from './codec/errors.ts';
import { type Descriptor, parseManifest } from './codec/manifest.ts';
import { isReferrerTag, referrerOf } from './codec/referrers.ts';
import { readManifest, storeManifest } from './manifest-bytes.ts';
import { isHere } from './policy/graph.ts';
import { knownOf } from './policy/known-of.ts';
import { mustAsk, type TagKnown, type TagSaid, tagAnswer } from './policy/tag-answer.ts';
import type { Repositories } from './repositories.ts';
import { createSingleFlight } from './single-flight.ts';
import type { FetchedManifest, UpstreamFailure, UpstreamRegistry } from './upstream-port.ts';

export type MirrorDeps = {
  readonly content: ContentStore;
  readonly repositories: Repositories;
  /** undefined: the revision in force names no such registry. */
  readonly upstream: (key: RepositoryKey) => UpstreamRegistry | undefined;
  /** Whether anybody who reaches the site may read what comes from there. */
  readonly isOpen: (key: RepositoryKey) => boolean;
  readonly tagsFreshMs: () => number;
  readonly clock: Clock;
  readonly log: Log;
};

export type ServedManifest = { readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array };

/**
 * What the site has of other registries, and how it gets the rest: whoever asks for the same thing at once shares one
 * question to the upstream, and what was learned stays for when the upstream is away.
 */
export interface Mirror {
  manifest(
    key: RepositoryKey,
    reference: Reference,
    priority?: FillPriority,
  ): Promise<Result<ServedManifest, OciError>>;
  /** The bytes of a blob that the repository has; they may still be on their way. */
  blob(key: RepositoryKey, digest: Digest, priority?: FillPriority): Promise<Result<OpenAsset, OciError>>;
  /** Resolves when a blob that the repository has is in the store, and will be found there after a restart. */
  fetchBlob(key: RepositoryKey, digest: Digest): Promise<Result<void, OciError>>;
  /** Whether the repository has a blob, and its size in bytes where anybody says it; nothing of it is fetched. */
  blobSize(key: RepositoryKey, digest: Digest): Promise<Result<{ readonly sizeBytes?: number }, OciError>>;
  /** All of them, in any order. */
  tags(key: RepositoryKey): Promise<Result<readonly string[], OciError>>;
  referrers(key: RepositoryKey, subject: Digest): Promise<Result<readonly Descriptor[], OciError>>;
}

export function createMirror(deps: MirrorDeps): Mirror {
  return new PullThrough(deps);
}

class PullThrough implements Mirror {
  readonly #deps: MirrorDeps;
  readonly #flight = createSingleFlight();

  constructor(deps: MirrorDeps) {
    this.#deps = deps;
  }

  manifest(
    key: RepositoryKey,
    reference: Reference,
    priority: FillPriority = 'client',
  ): Promise<Result<ServedManifest, OciError>> {
    const name = `manifest ${nameOf(key)} ${formatReference(reference)}`;
    return this.#flight(name, () =>
      reference.kind === 'tag'
        ? this.#byTag(key, reference.tag, priority)
        : this.#byDigest(key, reference.digest, priority),
    );
  }

  async blob(
    key: RepositoryKey,
    digest: Digest,
    priority: FillPriority = 'client',
  ): Promise<Result<OpenAsset, OciError>> {
    return this.#ofBlob(key, digest, priority, (wanted) => this.#deps.content.follow(wanted));
  }

  async fetchBlob(key: RepositoryKey, digest: Digest): Promise<Result<void, OciError>> {
    return this.#ofBlob(key, digest, 'prefetch', (wanted) => this.#deps.content.fetch(wanted));
  }

  async blobSize(key: RepositoryKey, digest: Digest): Promise<Result<{ readonly sizeBytes?: number }, OciError>> {
    const { content, repositories } = this.#deps;
    const state = content.stateOf(digest);
    const stored = state.kind === 'complete' ? state.sizeBytes : undefined;
    if (repositories.has(key, digest) && !this.#isDoubtful(key, digest)) {
      const sizeBytes = stored ?? sizeIn(repositories, key, digest);
      return ok(sizeBytes === undefined ? {} : { sizeBytes });
    }
    // That the bytes are here proves nothing: they may be of another repository, which this client may not read.
    const asked = await this.#flight(`blob ${nameOf(key)} ${digest}`, () => this.#headBlob(key, digest));
    if (!asked.ok) return asked;
    await this.#learn(key, repositories.putBlob(key, digest));
    const sizeBytes = stored ?? asked.value.sizeBytes;
    return ok(sizeBytes === undefined ? {} : { sizeBytes });
  }

  /**
   * Whether a blob is only named by a manifest here, while it is of a registry that not everybody may read: whoever may write
   * a manifest could then read it by its digest. The upstream is asked whether it has it, and with it away it is not here.
   */
  #isDoubtful(key: RepositoryKey, digest: Digest): boolean {
    const { isOpen, repositories } = this.#deps;
    if (!isOpen(key) || repositories.proves(key, digest)) return false;
    return repositories.all().some((other) => !isOpen(other) && repositories.has(other, digest));
  }

  async tags(key: RepositoryKey): Promise<Result<readonly string[], OciError>> {
    const said = await this.#flight(`tags ${nameOf(key)}`, async () => {
      const upstream = this.#deps.upstream(key);
      return upstream ? upstream.tags(key.repository) : err(NO_UPSTREAM);
    });
    if (said.ok) return said;
    if (said.error.kind === 'unknown') return err(unknownName());
    const known = this.#deps.repositories.get(key);
    if (known && known.tags.size > 0) return ok([...known.tags.keys()]);
    return err(unknownName());
  }

  async referrers(key: RepositoryKey, subject: Digest): Promise<Result<readonly Descriptor[], OciError>> {
    const said = await this.#flight(`referrers ${nameOf(key)} ${subject}`, async () => {
      const upstream = this.#deps.upstream(key);
      return upstream ? upstream.referrers(key.repository, subject) : err(NO_UPSTREAM);
    });
    if (said.ok) return said;
    return ok(await this.#knownReferrers(key, subject));
  }

  /** Has the store get a blob that the repository has. */
  async #ofBlob<T>(
    key: RepositoryKey,
    digest: Digest,
    priority: FillPriority,
    get: (wanted: WantedBlob) => Promise<T>,
  ): Promise<Result<T, OciError>> {
    const size = await this.blobSize(key, digest);
    if (!size.ok) return size;
    const upstream = this.#deps.upstream(key);
    const sources = upstream ? [upstream.blobSource(key.repository, digest)] : [];
    const name = `${nameOf(key)}@${formatOciDigest(digest).slice(0, 19)}`;
    const isBroughtByUs = ['absent', 'failed'].includes(this.#deps.content.stateOf(digest).kind);
    try {
      const got = await get({ digest, name, sources, priority, ...size.value });
      // Nobody waits for that to be on disk before the first byte.
      if (isBroughtByUs) void this.#learn(key, this.#deps.repositories.putBlob(key, digest));
      return ok(got);
    } catch (cause) {
      return err(ociError(AppError.from(cause)));
    }
  }

  async #byTag(key: RepositoryKey, tag: Tag, priority: FillPriority): Promise<Result<ServedManifest, OciError>> {
    const { clock, repositories, tagsFreshMs, log } = this.#deps;
    const known = this.#knownTag(key, tag);
    if (known && !mustAsk(known, tagsFreshMs())) {
      const served = await this.#byDigest(key, known.digest, priority);
      if (served.ok) return served;
    }
    const said = await this.#askTag(key, tag);
    const answer = tagAnswer(known, said);
    if (answer.kind === 'unknown') return err(unknownManifest(said));
    const served = await this.#byDigest(key, answer.digest, priority);
    if (served.ok) {
      if (answer.isStale)
        log.info({ image: `${nameOf(key)}:${tag}` }, 'an upstream is silent: what is known of a tag is served');
      else await this.#learn(key, repositories.putTag(key, tag, { digest: answer.digest, checkedAt: clock.now() }));
      return served;
    }
    // The upstream named a manifest and then did not give it.
    return known?.isComplete ? this.#byDigest(key, known.digest, priority) : served;
  }

  async #byDigest(
    key: RepositoryKey,
    digest: Digest,
    priority: FillPriority,
  ): Promise<Result<ServedManifest, OciError>> {
    const known = this.#deps.repositories.get(key)?.manifests.get(digest);
    const bytes = known && (await readManifest(this.#deps.content, digest));
    if (known && bytes) return ok({ digest, mediaType: known.mediaType, bytes });
    const upstream = this.#deps.upstream(key);
    if (!upstream) return err(unknownManifest({ kind: 'silent' }));
    const fetched = await upstream.manifest(key.repository, { kind: 'digest', digest });
    if (!fetched.ok) return err(ofFailure(fetched.error, 'MANIFEST_UNKNOWN'));
    return this.#keep(key, fetched.value, priority);
  }

  async #askTag(key: RepositoryKey, tag: Tag): Promise<TagSaid> {
    const upstream = this.#deps.upstream(key);
    if (!upstream) return { kind: 'silent' };
    const head = await upstream.head(key.repository, { kind: 'tag', tag });
    if (!head.ok) return { kind: head.error.kind === 'unknown' ? 'unknown' : 'silent' };
    const { digest, fetched } = head.value;
    if (fetched) await this.#keep(key, fetched, 'client');
    return { kind: 'digest', digest };
  }

  #knownTag(key: RepositoryKey, tag: Tag): TagKnown | undefined {
    const { clock, content, repositories } = this.#deps;
    const repository = repositories.get(key);
    const known = repository?.tags.get(tag);
    if (!repository || !known) return undefined;
    const isStored = (digest: Digest): boolean => content.stateOf(digest).kind === 'complete';
    return {
      digest: known.digest,
      ageMs: clock.now() - known.checkedAt,
      isComplete: isReferrerTag(tag) ? isStored(known.digest) : isHere(repository, known.digest, isStored),
    };
  }

  /** Keeps a manifest with what it names; it is served as it came. */
  async #keep(
    key: RepositoryKey,
    fetched: FetchedManifest,
    priority: FillPriority,
  ): Promise<Result<ServedManifest, OciError>> {
    const { digest, mediaType, bytes } = fetched;
    await this.#learn(key, storeManifest(this.#deps.content, digest, bytes, priority));
    await this.#learn(
      key,
      this.#deps.repositories.putManifest(key, digest, knownOf(fetched.manifest, bytes.length, mediaType)),
    );
    return ok({ digest, mediaType, bytes });
  }

  /** A disk that is full costs the next client a question, and this one nothing. */
  async #learn(key: RepositoryKey, keeping: Promise<void>): Promise<void> {
    await keeping.catch((error: unknown) =>
      this.#deps.log.warn({ image: nameOf(key), error }, 'what was learned of an image could not be kept'),
    );
  }

  async #headBlob(key: RepositoryKey, digest: Digest): Promise<Result<{ readonly sizeBytes?: number }, OciError>> {
    const upstream = this.#deps.upstream(key);
    const head = upstream ? await upstream.headBlob(key.repository, digest) : err(NO_UPSTREAM);
    // With its upstream away nobody can say whether the repository has it.
    return head.ok ? head : err({ code: 'BLOB_UNKNOWN', message: head.error.because });
  }

  async #knownReferrers(key: RepositoryKey, subject: Digest): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    for (const [digest, known] of this.#deps.repositories.get(key)?.manifests ?? []) {
      const bytes = known.subject === subject ? await readManifest(this.#deps.content, digest) : undefined;
      const read = bytes && parseManifest(new TextDecoder().decode(bytes), known.mediaType);
      if (read?.ok) found.push(referrerOf(read.value, digest, known.sizeBytes));
    }
    return found;
  }
}

const NO_UPSTREAM: UpstreamFailure = { kind: 'unknown', because: 'this site mirrors no such registry' };

function nameOf({ upstream, repository }: RepositoryKey): string {
  return `${upstream}/${repository}`;
}

function sizeIn(repositories: Repositories, key: RepositoryKey, digest: Digest): number | undefined {
  const known = repositories.get(key);
  const own = known?.manifests.get(digest);
  if (own) return own.sizeBytes;
  for (const { parts } of known?.manifests.values() ?? []) {
    const part = parts.find((one) => one.digest === digest);
    if (part) return part.sizeBytes;
  }
  return undefined;
}

function unknownName(): OciError {
  return { code: 'NAME_UNKNOWN', message: 'this repository is not here, and its registry does not answer for it' };
}

function unknownManifest(said: TagSaid): OciError {
  const why = said.kind === 'unknown' ? 'its registry has no such tag' : 'it is not here, and its registry is silent';
  return { code: 'MANIFEST_UNKNOWN', message: why };
}

/** Never 429: containerd asks again at once. Unknown, so that a client with another place to go goes there. */
function ofFailure({ kind, because }: UpstreamFailure, unknown: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN'): OciError {
  return kind === 'wrong' ? { code: 'UNAVAILABLE', message: because } : { code: unknown, message: because };
}

function ociError(error: AppError): OciError {
  return error.code === 'not-found'
    ? { code: 'BLOB_UNKNOWN', message: error.message }
    : { code: 'UNAVAILABLE', message: error.message };
}

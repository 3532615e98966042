import type { MadeBlob } from './made-blob.ts';
import { descriptorOf, type MadeImage, type MadeManifest, makeReferrer, manifestOf } from './made-image.ts';

type Repository = {
  readonly manifests: Map<string, MadeManifest>;
  readonly blobs: Map<string, MadeBlob>;
  readonly tags: Map<string, string>;
  readonly referrers: Map<string, MadeManifest[]>;
};

/** What a fake registry holds, by repository. Tests put images onto it, and take single things away again. */
export class Shelf {
  readonly #repositories = new Map<string, Repository>();
  readonly #hasReferrersApi: boolean;

  constructor(hasReferrersApi: boolean) {
    this.#hasReferrersApi = hasReferrersApi;
  }

  /** Puts an image under a tag; the tag moves if it was another's. */
  put(repository: string, tag: string | undefined, image: MadeImage): void {
    const place = this.#place(repository);
    for (const manifest of image.manifests) place.manifests.set(manifest.digest, manifest);
    for (const blob of image.blobs) place.blobs.set(blob.digest, blob);
    if (tag !== undefined) place.tags.set(tag, image.top.digest);
  }

  putBlob(repository: string, blob: MadeBlob): void {
    this.#place(repository).blobs.set(blob.digest, blob);
  }

  /** Something that refers to a manifest, found by the referrers API, or by its stand-in tag where there is none. */
  refer(repository: string, subject: MadeManifest, artifactType: string): MadeImage {
    const referrer = makeReferrer(subject, artifactType);
    this.put(repository, undefined, referrer);
    const place = this.#place(repository);
    const known = [...(place.referrers.get(subject.digest) ?? []), referrer.top];
    place.referrers.set(subject.digest, known);
    const index = indexOf(known);
    if (!this.#hasReferrersApi) this.put(repository, tagOf(subject), { top: index, manifests: [index], blobs: [] });
    return referrer;
  }

  /** A signature as cosign keeps it: under a tag that is made from the digest. */
  sign(repository: string, subject: MadeManifest): MadeImage {
    const signature = makeReferrer(subject, 'application/vnd.dev.cosign.simplesigning.v1+json');
    this.put(repository, `${tagOf(subject)}.sig`, signature);
    return signature;
  }

  /** Forgets a blob, a manifest or a tag, as a registry that was cleaned up. */
  drop(repository: string, name: string): void {
    const { manifests, blobs, tags } = this.#place(repository);
    for (const map of [manifests, blobs, tags]) map.delete(name);
  }

  manifest(repository: string, reference: string): MadeManifest | undefined {
    const place = this.#repositories.get(repository);
    return place?.manifests.get(place.tags.get(reference) ?? reference);
  }

  blob(repository: string, digest: string): MadeBlob | undefined {
    return this.#repositories.get(repository)?.blobs.get(digest);
  }

  /** From any repository: a content network knows only names of bytes. */
  anyBlob(digest: string): MadeBlob | undefined {
    return [...this.#repositories.values()].map((each) => each.blobs.get(digest)).find((blob) => blob !== undefined);
  }

  tags(repository: string): readonly string[] | undefined {
    const place = this.#repositories.get(repository);
    return place && [...place.tags.keys()].sort();
  }

  /** The index of what refers to a digest; undefined if this registry does not have the API. */
  referrers(repository: string, digest: string): MadeManifest | undefined {
    if (!this.#hasReferrersApi) return undefined;
    return indexOf(this.#repositories.get(repository)?.referrers.get(digest) ?? []);
  }

  #place(repository: string): Repository {
    const known = this.#repositories.get(repository);
    if (known) return known;
    const place = { manifests: new Map(), blobs: new Map(), tags: new Map(), referrers: new Map() };
    this.#repositories.set(repository, place);
    return place;
  }
}

function indexOf(manifests: readonly MadeManifest[]): MadeManifest {
  return manifestOf('application/vnd.oci.image.index.v1+json', {
    manifests: manifests.map((each) => ({
      ...descriptorOf(each, each.mediaType),
      ...(each.artifactType === undefined ? {} : { artifactType: each.artifactType }),
    })),
  });
}

function tagOf(subject: MadeManifest): string {
  return subject.digest.replace(':', '-');
}

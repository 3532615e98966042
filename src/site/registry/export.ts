import { createHash } from 'node:crypto';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import { formatImageReference, type ImageReference } from '../../kernel/image-name.ts';
import type { ContentStore } from '../../model/content.ts';
import type { ArchiveLayout } from '../../wire/api/images.ts';
import {
  formatArchiveIndex,
  type NamedManifest,
  OCI_LAYOUT,
  ociBlobPath,
  talosBlobPath,
  talosManifestPath,
} from './codec/archive.ts';
import { type ArchiveParts, archiveParts } from './policy/archive-parts.ts';
import type { Repositories } from './repositories.ts';
import { type TarFile, writeTar } from './tar.ts';

export type ExportDeps = {
  readonly repositories: Repositories;
  readonly content: ContentStore;
};

export type Archive = {
  readonly sizeBytes: number;
  /** Once. Its bytes are checked on the way out, too: rejects with `disk-failed` where one is not what it was. */
  readonly chunks: () => AsyncGenerator<Uint8Array>;
};

/** An image, and what of it is here. */
type Chosen = { readonly image: ImageReference; readonly digest: Digest; readonly parts: ArchiveParts };

const READ_BYTES = 1024 * 1024;
let exports = 0;

/**
 * An archive of images with all that is here of them. Throws `asset-unavailable` for one that is not here whole.
 * While its bytes are asked for, none of them is thrown away.
 */
export function exportImages(images: readonly ImageReference[], layout: ArchiveLayout, deps: ExportDeps): Archive {
  const chosen = images.map((image) => choose(image, deps));
  const files = layout === 'oci' ? ociFiles(chosen, deps) : talosFiles(chosen, deps);
  const { sizeBytes, chunks } = writeTar(files);
  const digests = chosen.flatMap(({ parts }) => [...parts.manifests.keys(), ...parts.blobs.keys()]);
  async function* pinned(): AsyncGenerator<Uint8Array> {
    const owner = `export-${++exports}`;
    await deps.content.pin(owner, digests);
    try {
      yield* chunks();
    } finally {
      await deps.content.pin(owner, []);
    }
  }
  return { sizeBytes, chunks: pinned };
}

function choose(image: ImageReference, { repositories, content }: ExportDeps): Chosen {
  const known = repositories.get(image);
  const { reference } = image;
  const digest = reference.kind === 'digest' ? reference.digest : known?.tags.get(reference.tag)?.digest;
  const isStored = (one: Digest): boolean => content.stateOf(one).kind === 'complete';
  const parts = known && digest && archiveParts(known, digest, isStored);
  if (!parts || !digest)
    throw new AppError(
      'asset-unavailable',
      `${formatImageReference(image)} is not here whole, so it cannot be exported`,
    );
  return { image, digest, parts };
}

function ociFiles(chosen: readonly Chosen[], deps: ExportDeps): readonly TarFile[] {
  const named = chosen.flatMap((one) => namesOf(one, deps));
  return [
    textFile('oci-layout', OCI_LAYOUT),
    textFile('index.json', formatArchiveIndex(named)),
    ...blobFiles(
      chosen.flatMap(({ parts }) => [...parts.manifests, ...parts.blobs]),
      ociBlobPath,
      deps,
    ),
  ];
}

function talosFiles(chosen: readonly Chosen[], deps: ExportDeps): readonly TarFile[] {
  const manifests = new Map<string, TarFile>();
  for (const one of chosen) {
    const named = namesOf(one, deps).map(
      ({ image, descriptor }) => [image, descriptor.digest, descriptor.sizeBytes] as const,
    );
    const byDigest = [...one.parts.manifests].map(
      ([digest, size]) => [{ ...one.image, reference: { kind: 'digest', digest } }, digest, size] as const,
    );
    for (const [image, digest, sizeBytes] of [...named, ...byDigest]) {
      const path = talosManifestPath(image);
      manifests.set(path, { path, sizeBytes, chunks: () => storedBytes(digest, sizeBytes, deps) });
    }
  }
  const blobs = blobFiles(
    chosen.flatMap(({ parts }) => [...parts.blobs]),
    talosBlobPath,
    deps,
  );
  return [...manifests.values(), ...blobs];
}

/** The image itself, and what is about it. */
function namesOf({ image, digest, parts }: Chosen, { repositories }: ExportDeps): readonly NamedManifest[] {
  const known = repositories.get(image)?.manifests;
  const all = [{ reference: image.reference, digest }, ...parts.besides];
  return all.map(({ reference, digest: one }) => ({
    image: { ...image, reference },
    descriptor: {
      ...{ digest: one, mediaType: known?.get(one)?.mediaType ?? '', sizeBytes: parts.manifests.get(one) ?? 0 },
    },
  }));
}

/** Each once, however many images have it. */
function blobFiles(
  blobs: readonly (readonly [Digest, number])[],
  pathOf: (digest: Digest) => string,
  deps: ExportDeps,
): readonly TarFile[] {
  return [...new Map(blobs)].map(([digest, sizeBytes]) => ({
    ...{ path: pathOf(digest), sizeBytes },
    chunks: () => storedBytes(digest, sizeBytes, deps),
  }));
}

function textFile(path: string, text: string): TarFile {
  const bytes = new TextEncoder().encode(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  return { path, sizeBytes: bytes.length, chunks };
}

async function* storedBytes(digest: Digest, sizeBytes: number, { content }: ExportDeps): AsyncGenerator<Uint8Array> {
  const asset = await content.open(digest);
  if (!asset) throw changed(digest);
  const hash = createHash('sha256');
  try {
    if (asset.sizeBytes !== sizeBytes) throw changed(digest);
    for (let done = 0; done < sizeBytes; ) {
      const chunk = new Uint8Array(Math.min(READ_BYTES, sizeBytes - done));
      const read = await asset.read(chunk, done);
      if (read === 0) throw changed(digest);
      done += read;
      hash.update(chunk.subarray(0, read));
      yield chunk.subarray(0, read);
    }
  } finally {
    await asset.close();
  }
  if (hash.digest('hex') !== digest) throw changed(digest);
}

function changed(digest: Digest): AppError {
  return new AppError('disk-failed', `sha256:${digest} on the disk is not what it was: slipway images verify`);
}

import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import { formatImageReference, formatOciDigest, type ImageReference } from '../../kernel/image-name.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { BlobIntake, ContentStore } from '../../model/content.ts';
import { isOciLayout, labelInArchive, nameInArchive, parseArchivePath } from './codec/archive.ts';
import { childrenOf, type Descriptor, type Manifest, parseManifest } from './codec/manifest.ts';
import { OCI_INDEX } from './codec/media-types.ts';
import { isHere } from './policy/graph.ts';
import { knownOf } from './policy/known-of.ts';
import { readWhole } from './read-whole.ts';
import type { Repositories } from './repositories.ts';
import { readTar, type TarEntry } from './tar.ts';

export type ImportDeps = {
  readonly repositories: Repositories;
  readonly content: ContentStore & BlobIntake;
  /** Whether the template has the repository among those that this site mirrors. */
  readonly isMirrored: (image: ImageReference) => boolean;
};

export type Imported = {
  /** Images that can be pulled now. */
  readonly images: readonly { readonly image: ImageReference; readonly digest: Digest }[];
  /** What the archive calls the others, and why each is none of ours. */
  readonly refused: readonly { readonly name: string; readonly because: string }[];
};

const MOST_ENTRIES = 65_536;
const MOST_TEXT_BYTES = 4 * 1024 * 1024;
const MOST_MANIFEST_BYTES = 8 * 1024 * 1024;
let imports = 0;

/**
 * Takes the images of an archive in: an OCI image layout, as `slipway images export`, skopeo, podman and docker write it, or
 * Talos' flat image cache. Its bytes are stored by what they are, and an image gets its name last, when all of it is here.
 * Rejects with `archive-invalid`, `asset-wrong-digest`, `disk-full`, `disk-failed`; then no name was given.
 * @param as the name of the one image in it, if the archive has none or another one is meant
 */
export async function importImages(
  input: AsyncIterable<Uint8Array>,
  as: ImageReference | undefined,
  deps: ImportDeps,
): Promise<Imported> {
  const owner = `import-${++imports}`;
  try {
    const read = new Reading(owner, deps);
    await readTar(input, (entry) => read.take(entry));
    const outcome = await nameAll(read.roots(as), { ...deps, brought: new Set(read.digests) });
    if (outcome.images.length + outcome.refused.length === 0)
      throw new AppError('archive-invalid', 'the archive has no image');
    return outcome;
  } finally {
    await deps.content.pin(owner, []);
  }
}

/** With what the archive brought. */
type NamingDeps = ImportDeps & { readonly brought: ReadonlySet<Digest> };

type Root = { readonly image: ImageReference | undefined; readonly label: string; readonly descriptor: Descriptor };

/** An archive as far as it was read. */
class Reading {
  readonly #owner: string;
  readonly #deps: ImportDeps;
  /** What was in it, and is here and right. */
  readonly digests: Digest[] = [];
  readonly #talos: Root[] = [];
  #entries = 0;
  #layout: string | undefined;
  #index: Manifest | undefined;

  constructor(owner: string, deps: ImportDeps) {
    this.#owner = owner;
    this.#deps = deps;
  }

  async take(entry: TarEntry): Promise<void> {
    if (++this.#entries > MOST_ENTRIES) throw invalid(`it has more than ${MOST_ENTRIES} entries`);
    const place = parseArchivePath(entry.path);
    if (!place) throw invalid(`it has a path that leads out of it: ${JSON.stringify(entry.path)}`);
    if (entry.kind === 'folder') return;
    if (entry.kind === 'other') throw invalid(`it has a link or a device: ${JSON.stringify(entry.path)}`);
    if (place.kind === 'blob') await this.#put(place.digest, entry);
    if (place.kind === 'manifest') await this.#takeManifest(place.image, entry);
    if (place.kind === 'layout') this.#layout = await textOf(entry, this.#layout);
    if (place.kind === 'index') this.#index = readIndex(await textOf(entry, this.#index));
  }

  /** What is to be named, in the order of the archive. */
  roots(as: ImageReference | undefined): readonly Root[] {
    if (!this.#index && this.#talos.length === 0) throw invalid('it has no index.json');
    if (this.#index && !isOciLayout(this.#layout ?? '')) throw invalid('it has no oci-layout that is read here');
    const listed = this.#index ? childrenOf(this.#index) : [];
    const roots = [
      ...listed.map((descriptor) => ({
        image: nameInArchive(descriptor),
        label: labelInArchive(descriptor),
        descriptor,
      })),
      ...this.#talos,
    ];
    if (as && roots.length !== 1) throw invalid(`it has ${roots.length} images, so they cannot all be called the same`);
    return as ? roots.map((root) => ({ ...root, image: as })) : roots;
  }

  async #put(digest: Digest, { chunks, sizeBytes }: Pick<TarEntry, 'chunks' | 'sizeBytes'>): Promise<void> {
    this.digests.push(digest);
    const { content } = this.#deps;
    await content.pin(this.#owner, this.digests);
    await content.put({ digest, name: formatOciDigest(digest), sizeBytes, chunks });
  }

  async #takeManifest(image: ImageReference, entry: TarEntry): Promise<void> {
    const bytes = await bytesOf(entry, MOST_MANIFEST_BYTES);
    const digest = sha256(bytes);
    const { reference } = image;
    if (reference.kind === 'digest' && reference.digest !== digest)
      throw new AppError('asset-wrong-digest', `${entry.path} has sha256 ${digest}`);
    await this.#put(digest, { sizeBytes: bytes.length, chunks: once(bytes) });
    const descriptor = { digest, sizeBytes: bytes.length, mediaType: '' };
    this.#talos.push({ image, label: formatImageReference(image), descriptor });
  }
}

async function nameAll(roots: readonly Root[], deps: NamingDeps): Promise<Imported> {
  const images: { image: ImageReference; digest: Digest }[] = [];
  const refused: { name: string; because: string }[] = [];
  for (const { image, label, descriptor } of roots) {
    const because = image ? await name(image, descriptor, deps) : 'it has no full name: say one with --as';
    if (because !== undefined) refused.push({ name: image ? formatImageReference(image) : label, because });
    else if (image) images.push({ image, digest: descriptor.digest });
  }
  return { images, refused };
}

/** Why it cannot be; undefined: it can be pulled now. */
async function name(image: ImageReference, root: Descriptor, deps: NamingDeps): Promise<string | undefined> {
  const { repositories, content, isMirrored } = deps;
  const { reference } = image;
  if (!isMirrored(image)) return 'the template names no such registry and repository in images.upstreams';
  if (reference.kind === 'digest' && reference.digest !== root.digest) return 'its name says another digest';
  const because = await adopt(image, root, deps);
  if (because !== undefined) return because;
  const isStored = (digest: Digest): boolean => content.stateOf(digest).kind === 'complete';
  const known = repositories.get(image);
  if (!known || !isHere(known, root.digest, isStored)) return LACKS;
  // As old as can be: where its registry answers, the registry says what the tag means.
  if (reference.kind === 'tag') await repositories.putTag(image, reference.tag, { digest: root.digest, checkedAt: 0 });
  return undefined;
}

/**
 * Has a repository know a manifest, and those below it. A manifest makes what it names readable in its repository, so all
 * of that must have come with it: else an archive could open layers of a repository that is closed to others.
 */
async function adopt(image: ImageReference, from: Descriptor, deps: NamingDeps): Promise<string | undefined> {
  const { repositories, brought } = deps;
  const read = await readManifest(from, deps);
  if (!read.ok) return read.error;
  const { manifest, sizeBytes } = read.value;
  const known = knownOf(manifest, sizeBytes);
  const isOurs = (digest: Digest): boolean => brought.has(digest) || repositories.has(image, digest);
  if (known.parts.some(({ kind, digest }) => kind === 'blob' && !isOurs(digest))) return LACKS;
  await repositories.putManifest(image, from.digest, known);
  // A site keeps the platforms that it needs; of the others the index says that they exist.
  for (const child of manifest.kind === 'index' ? manifest.manifests : [])
    if (brought.has(child.digest)) await adopt(image, child, deps);
  return undefined;
}

async function readManifest(
  { digest, sizeBytes, mediaType }: Descriptor,
  { content, brought }: NamingDeps,
): Promise<Result<{ readonly manifest: Manifest; readonly sizeBytes: number }, string>> {
  const asset = brought.has(digest) ? await content.open(digest) : undefined;
  if (!asset) return err(LACKS);
  if (asset.sizeBytes !== sizeBytes || sizeBytes > MOST_MANIFEST_BYTES) {
    await asset.close();
    return err('its manifest has not the size that the archive says');
  }
  const manifest = parseManifest(new TextDecoder().decode(await readWhole(asset)), mediaType);
  return manifest.ok ? ok({ manifest: manifest.value, sizeBytes }) : err(`its manifest ${manifest.error}`);
}

const LACKS = 'the archive has not all of it';

function readIndex(text: string): Manifest {
  const index = parseManifest(text, OCI_INDEX);
  if (!index.ok) throw invalid(`its index.json ${index.error}`);
  return index.value;
}

async function textOf(entry: TarEntry, before: unknown): Promise<string> {
  if (before !== undefined) throw invalid(`it has ${entry.path} twice`);
  return new TextDecoder().decode(await bytesOf(entry, MOST_TEXT_BYTES));
}

async function bytesOf({ path, sizeBytes, chunks }: TarEntry, mostBytes: number): Promise<Uint8Array> {
  if (sizeBytes > mostBytes) throw invalid(`${path} has ${sizeBytes} bytes, more than ${mostBytes}`);
  const bytes = new Uint8Array(sizeBytes);
  let done = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk.subarray(0, sizeBytes - done), done);
    done += chunk.length;
  }
  if (done !== sizeBytes) throw invalid(`${path} is cut off`);
  return bytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function sha256(bytes: Uint8Array): Digest {
  const digest = parseDigest(createHash('sha256').update(bytes).digest('hex'));
  if (!digest) throw new Error('a hash that is no digest');
  return digest;
}

function invalid(because: string): AppError {
  return new AppError('archive-invalid', `the archive cannot be taken: ${because}`);
}

import { createHash } from 'node:crypto';
import type { Digest } from '../../kernel/digest.ts';
import { parseDigest } from '../../kernel/digest.ts';
import { parseRepository, parseTag, parseUpstreamName, type RepositoryKey, type Tag } from '../../kernel/image-name.ts';
import type { Log } from '../../kernel/ports.ts';
import type { KnownManifest, KnownRepository, KnownTag } from './policy/known.ts';

/** Small files by name, each replaced as a whole and safe when `save` resolves. */
export interface IndexFiles {
  load(): Promise<ReadonlyMap<string, string>>;
  save(name: string, text: string): Promise<void>;
  /** A file that cannot be understood is put out of the way. */
  setAside(name: string): Promise<void>;
}

/**
 * What is known of images: a file for each repository, which is the whole index. It says nothing that the upstream would
 * not say again, so a file that is lost costs questions; with the upstream away it costs its tags.
 */
export interface Repositories {
  get(key: RepositoryKey): KnownRepository | undefined;
  all(): readonly (RepositoryKey & { readonly known: KnownRepository })[];
  putTag(key: RepositoryKey, tag: Tag, known: KnownTag): Promise<void>;
  putManifest(key: RepositoryKey, digest: Digest, manifest: KnownManifest): Promise<void>;
  /** Its upstream gave this blob, or said that it has it. */
  putBlob(key: RepositoryKey, digest: Digest): Promise<void>;
  /** Whether the repository has this blob or manifest, by its upstream's own word: that a manifest names a blob is its author's. */
  proves(key: RepositoryKey, digest: Digest): boolean;
  /** Whether the repository has it or one of its manifests names it. */
  has(key: RepositoryKey, digest: Digest): boolean;
  /** Whether any repository has it. */
  hasAnywhere(digest: Digest): boolean;
  /** Forgets manifests that are nowhere any more, and the tags that mean them. */
  forget(digests: ReadonlySet<Digest>): Promise<void>;
}

type Row = { tags: Map<Tag, KnownTag>; manifests: Map<Digest, KnownManifest>; blobs: Set<Digest> };
type Entry = { readonly key: RepositoryKey; readonly row: Row; saving: Promise<void> };

/** Reads the index. A file that cannot be understood is named in the log and set aside. */
export async function openRepositories(files: IndexFiles, log: Log): Promise<Repositories> {
  const entries = new Map<string, Entry>();
  for (const [name, text] of await files.load()) {
    const entry = parseEntry(text);
    if (entry && nameOf(entry.key) === name) entries.set(name, entry);
    else {
      log.error({ file: name }, 'what is known of a repository cannot be read: its upstream will be asked again');
      await files.setAside(name);
    }
  }
  return new FileRepositories(files, entries);
}

class FileRepositories implements Repositories {
  readonly #files: IndexFiles;
  readonly #entries: Map<string, Entry>;

  constructor(files: IndexFiles, entries: Map<string, Entry>) {
    this.#files = files;
    this.#entries = entries;
  }

  get(key: RepositoryKey): KnownRepository | undefined {
    return this.#entries.get(nameOf(key))?.row;
  }

  all(): readonly (RepositoryKey & { readonly known: KnownRepository })[] {
    return [...this.#entries.values()].map(({ key, row }) => ({ ...key, known: row }));
  }

  putTag(key: RepositoryKey, tag: Tag, known: KnownTag): Promise<void> {
    const entry = this.#entry(key);
    const isNews = entry.row.tags.get(tag)?.digest !== known.digest;
    entry.row.tags.set(tag, known);
    // When it was asked last is worth no write: after a restart it is asked once more.
    return isNews ? this.#save(entry) : Promise.resolve();
  }

  putManifest(key: RepositoryKey, digest: Digest, manifest: KnownManifest): Promise<void> {
    const entry = this.#entry(key);
    if (entry.row.manifests.has(digest)) return Promise.resolve();
    entry.row.manifests.set(digest, manifest);
    return this.#save(entry);
  }

  putBlob(key: RepositoryKey, digest: Digest): Promise<void> {
    if (this.proves(key, digest)) return Promise.resolve();
    const entry = this.#entry(key);
    entry.row.blobs.add(digest);
    return this.#save(entry);
  }

  proves(key: RepositoryKey, digest: Digest): boolean {
    const known = this.get(key);
    return known !== undefined && (known.manifests.has(digest) || known.blobs.has(digest));
  }

  has(key: RepositoryKey, digest: Digest): boolean {
    if (this.proves(key, digest)) return true;
    return [...(this.get(key)?.manifests.values() ?? [])].some(({ parts }) =>
      parts.some((part) => part.digest === digest),
    );
  }

  hasAnywhere(digest: Digest): boolean {
    return [...this.#entries.values()].some(({ key }) => this.has(key, digest));
  }

  async forget(digests: ReadonlySet<Digest>): Promise<void> {
    for (const entry of this.#entries.values()) {
      const { tags, manifests, blobs } = entry.row;
      const before = tags.size + manifests.size + blobs.size;
      for (const [tag, { digest }] of tags) if (digests.has(digest)) tags.delete(tag);
      for (const digest of digests) {
        manifests.delete(digest);
        blobs.delete(digest);
      }
      if (tags.size + manifests.size + blobs.size !== before) await this.#save(entry);
    }
  }

  #entry(key: RepositoryKey): Entry {
    const name = nameOf(key);
    const known = this.#entries.get(name);
    if (known) return known;
    const row: Row = { tags: new Map(), manifests: new Map(), blobs: new Set() };
    const entry: Entry = { key, row, saving: Promise.resolve() };
    this.#entries.set(name, entry);
    return entry;
  }

  /** One write at a time for each file, and each has what is known when it begins. */
  #save(entry: Entry): Promise<void> {
    const write = (): Promise<void> => this.#files.save(nameOf(entry.key), formatEntry(entry));
    // Whoever asked for the write before has heard of its failure.
    entry.saving = entry.saving.then(write, write);
    return entry.saving;
  }
}

/** A host and a repository together may be longer than a file's name, so the name is a digest of them. */
function nameOf({ upstream, repository }: RepositoryKey): string {
  return `${createHash('sha256').update(`${upstream}/${repository}`).digest('hex')}.json`;
}

/** The form of the file. */
type Written = RepositoryKey & {
  readonly tags: Readonly<Record<string, KnownTag>>;
  readonly manifests: Readonly<Record<string, KnownManifest>>;
  readonly blobs: readonly string[];
};

function formatEntry({ key, row: { tags, manifests, blobs } }: Entry): string {
  const written: Written = {
    ...key,
    tags: Object.fromEntries(tags),
    manifests: Object.fromEntries(manifests),
    blobs: [...blobs],
  };
  return `${JSON.stringify(written)}\n`;
}

/** undefined: not what `formatEntry` wrote. Written by us alone, so its shape is looked at as far as a torn file needs. */
function parseEntry(text: string): Entry | undefined {
  try {
    const written = JSON.parse(text) as Written;
    const upstream = must(parseUpstreamName(written.upstream));
    const repository = must(parseRepository(written.repository));
    const tags = Object.entries(written.tags).map(
      ([tag, { digest, checkedAt }]) =>
        [must(parseTag(tag)), { digest: must(parseDigest(digest)), checkedAt }] as const,
    );
    const manifests = Object.entries(written.manifests).map(([digest, known]) => {
      const parts = known.parts.map((part) => ({ ...part, digest: must(parseDigest(part.digest)) }));
      return [must(parseDigest(digest)), { ...known, parts }] as const;
    });
    const blobs = written.blobs.map((digest) => must(parseDigest(digest)));
    const row: Row = { tags: new Map(tags), manifests: new Map(manifests), blobs: new Set(blobs) };
    return { key: { upstream, repository }, row, saving: Promise.resolve() };
  } catch {
    return undefined;
  }
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a name that none of ours is');
  return value;
}

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDir, readText, writeAtomic } from '../adapters/node/files.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import { type Digest, parseDigest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import type { Revision } from '../model/revision.ts';

/** More than are changed while one boot lasts. A system that never says that it is up leaves its boot open for months. */
const MAX_KEPT = 8;

/** The revisions that are in use, by digest, in memory and each in a file of its own: a boot ends with the one it began with. */
export interface KeptRevisions {
  get(digest: Digest): Revision | undefined;
  all(): readonly Revision[];
  /** Keeps one more; on disk when this resolves. */
  put(revision: Revision): Promise<void>;
  /** Forgets all but these, and of these all but the newest. A file that cannot be deleted stays for the next time. */
  retain(digests: ReadonlySet<Digest>): Promise<void>;
}

/**
 * Reads what is kept in the directory `dir`, and makes it if it is missing. A file that cannot be read, or is not what its
 * name says, is named in the log and passed over: boots that began with it go on with the revision in force.
 * @throws AppError if there can be no such directory
 */
export async function openKeptRevisions(dir: string, log: Log): Promise<KeptRevisions> {
  await makePrivateDir(dir);
  const names = await readdir(dir);
  // What a kill left of a write.
  for (const name of names.filter((one) => one.startsWith('.'))) await drop(join(dir, name), log);
  const kept = new RevisionFiles(dir, log);
  for (const name of names) {
    const digest = name.endsWith('.json') ? parseDigest(name.slice(0, -'.json'.length)) : undefined;
    if (digest) await kept.read(digest);
  }
  return kept;
}

class RevisionFiles implements KeptRevisions {
  readonly #dir: string;
  readonly #log: Log;
  /** undefined: its file is there, and is of no use. */
  readonly #revisions = new Map<Digest, Revision | undefined>();

  constructor(dir: string, log: Log) {
    this.#dir = dir;
    this.#log = log;
  }

  get(digest: Digest): Revision | undefined {
    return this.#revisions.get(digest);
  }

  all(): readonly Revision[] {
    return [...this.#revisions.values()].filter((revision) => revision !== undefined);
  }

  async put(revision: Revision): Promise<void> {
    if (this.get(revision.digest)?.number === revision.number) return;
    await writeAtomic(this.#pathOf(revision.digest), formatRevision(revision));
    this.#revisions.set(revision.digest, revision);
  }

  async retain(digests: ReadonlySet<Digest>): Promise<void> {
    const newest = [...this.#revisions.values()]
      .filter((revision) => revision !== undefined && digests.has(revision.digest))
      .sort((a, b) => (b?.number ?? 0) - (a?.number ?? 0))
      .slice(0, MAX_KEPT);
    for (const [digest, revision] of this.#revisions) {
      if (revision ? newest.includes(revision) : digests.has(digest)) continue;
      if (await drop(this.#pathOf(digest), this.#log)) this.#revisions.delete(digest);
    }
  }

  async read(digest: Digest): Promise<void> {
    const path = this.#pathOf(digest);
    try {
      const revision = parseRevision((await readText(path)) ?? '');
      if (revision.digest !== digest || digestOf(revision) !== digest)
        throw new AppError('store-damaged', 'it is not what its name says');
      this.#revisions.set(digest, revision);
    } catch (error) {
      this.#revisions.set(digest, undefined);
      this.#log.warn({ file: path, reason: reasonOf(error) }, 'a kept revision cannot be used and is passed over');
    }
  }

  #pathOf(digest: Digest): string {
    return join(this.#dir, `${digest}.json`);
  }
}

/** A revision as it lies on the disk; another format is that of another Slipway. */
type Saved = { readonly format: number; readonly revision: Revision };
const FORMAT = 1;

export function formatRevision(revision: Revision): string {
  return JSON.stringify({ format: FORMAT, revision } satisfies Saved);
}

/** @throws if the text is not one that `formatRevision` of this Slipway wrote */
export function parseRevision(text: string): Revision {
  const { format, revision } = JSON.parse(text) as Saved;
  if (format !== FORMAT) throw new AppError('store-newer', `it has the format ${format}, not ${FORMAT}`);
  return revision;
}

/** As the compiler names it: after all but its number. */
function digestOf({ digest: _digest, number: _number, ...content }: Revision): Digest {
  return sha256OfText(canonicalJson(content));
}

async function drop(path: string, log: Log): Promise<boolean> {
  try {
    await rm(path, { force: true });
    return true;
  } catch (error) {
    log.warn({ file: path, reason: reasonOf(error) }, 'a revision that nobody needs cannot be deleted');
    return false;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import type { ScrubReport } from '../../model/content.ts';
import type { FileHasher } from './hash-in-thread.ts';
import { blobPath, type Layout } from './layout.ts';

export type ScrubDeps = {
  readonly dataDir: string;
  readonly layout: Layout;
  /** The blobs that are here now. */
  readonly blobs: () => Iterable<Digest>;
  readonly hasher: () => FileHasher;
  /** A blob is not what its name says, or cannot be read: why. */
  readonly onDamaged: (digest: Digest, because: string) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Where the last look through all blobs stands, over restarts. */
type Kept = { readonly passedAt: number; readonly after?: Digest };

const EVERY_MS = 30 * 24 * 60 * 60_000;
/** How often it is seen whether a month is over; each site at a moment of its own. */
const LOOK_MS = 6 * 60 * 60_000;
const SAVE_EVERY_FILES = 50;

/**
 * Reads every blob again and compares it with its name: each month, going on after a restart where it was, and whenever
 * somebody asks. Disks forget silently, and a site must not hear of it from a machine that does not start.
 */
export class Scrub {
  readonly #deps: ScrubDeps;
  readonly #path: string;
  #timer: Cancel | undefined;
  #running: Promise<ScrubReport> | undefined;
  #hasher: FileHasher | undefined;
  #isStopped = false;

  constructor(deps: ScrubDeps) {
    this.#deps = deps;
    this.#path = join(deps.dataDir, 'scrub.json');
  }

  /** Each month from now on. */
  start(): void {
    const { clock, random, log } = this.#deps;
    this.#timer = clock.after(LOOK_MS * (0.5 + random.unit() / 2), () => {
      this.#look()
        .catch((error: unknown) => this.#isStopped || log.warn({ error }, 'stored files could not be checked'))
        .finally(() => this.#isStopped || this.start());
    });
  }

  /** Looks through all that is here; who asks meanwhile shares it. */
  now(): Promise<ScrubReport> {
    return this.#begin(undefined);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.();
    this.#hasher?.close();
    await this.#running?.catch(() => undefined);
  }

  async #look(): Promise<void> {
    const kept = parseKept(await readFile(this.#path, 'utf8').catch(() => ''));
    const now = this.#deps.clock.now();
    // A site that is new has just checked all that it has, as it came. A clock that went back must not put this off for years.
    if (!kept) await this.#save({ passedAt: now });
    else if (kept.after || now - kept.passedAt > EVERY_MS || kept.passedAt > now) await this.#begin(kept.after);
  }

  #begin(after: Digest | undefined): Promise<ScrubReport> {
    this.#running ??= this.#pass(after).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #pass(after: Digest | undefined): Promise<ScrubReport> {
    const { blobs, clock, hasher, log } = this.#deps;
    const inOrder = [...blobs()].sort().filter((digest) => after === undefined || digest > after);
    const report = { files: 0, damaged: 0 };
    const passedAt = clock.now();
    this.#hasher = hasher();
    try {
      for (const digest of inOrder) {
        if (this.#isStopped) break;
        if (await this.#isDamaged(this.#hasher, digest)) report.damaged++;
        report.files++;
        if (report.files % SAVE_EVERY_FILES === 0) await this.#save({ passedAt, after: digest });
      }
    } finally {
      this.#hasher.close();
      this.#hasher = undefined;
    }
    if (!this.#isStopped) await this.#save({ passedAt });
    log.info(report, 'stored files were checked');
    return report;
  }

  async #isDamaged(hasher: FileHasher, digest: Digest): Promise<boolean> {
    const said = await hasher.hash(blobPath(this.#deps.layout, digest));
    // Deleted to make room, since the look began.
    if ('errno' in said && said.errno === 'ENOENT') return false;
    if ('hex' in said && said.hex === digest) return false;
    await this.#deps.onDamaged(digest, 'hex' in said ? `it has sha256 ${said.hex}` : `reading it fails: ${said.errno}`);
    return true;
  }

  /** A power cut may take it back, which costs reading some files twice. */
  async #save(kept: Kept): Promise<void> {
    await writeFile(`${this.#path}.new`, `${JSON.stringify(kept)}\n`);
    await rename(`${this.#path}.new`, this.#path);
  }
}

function parseKept(text: string): Kept | undefined {
  const [, passedAt, after] = /^\{"passedAt":(\d{1,15})(?:,"after":"([0-9a-f]{64})")?\}\n$/.exec(text) ?? [];
  if (passedAt === undefined) return undefined;
  const digest = after === undefined ? undefined : parseDigest(after);
  return { passedAt: Number(passedAt), ...(digest && { after: digest }) };
}

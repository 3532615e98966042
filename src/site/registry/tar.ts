import { Header, Parser, Pax, type ReadEntry } from 'tar';
import { AppError } from '../../kernel/errors.ts';

/** A file of an archive as it is read. Its name and size are what the archive says, and no more than that. */
export type TarEntry = {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  /** Once; what is not taken is passed over. Shorter than `sizeBytes` if the archive is cut off. */
  readonly chunks: AsyncIterable<Uint8Array>;
};

/** A file to be written. */
export type TarFile = {
  readonly path: string;
  readonly sizeBytes: number;
  /** Exactly `sizeBytes` of them. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
};

const BLOCK_BYTES = 512;
/** Long names and the like; none of ours is. */
const MOST_META_BYTES = 64 * 1024;
/** Layers are packed already. It is unpacked on the thread that answers packets, so no piece may become a large one. */
const MOST_UNPACKED = 200;
const FILE_TYPES: readonly string[] = ['File', 'OldFile', 'ContiguousFile'];

/**
 * Reads an archive to its end, and gives each of its entries to `onEntry`, one after the other. Packed by gzip or not.
 * Rejects with `archive-invalid` for what is no archive or is cut off, and as `onEntry` and `input` do.
 */
export async function readTar(
  input: AsyncIterable<Uint8Array>,
  onEntry: (entry: TarEntry) => Promise<void>,
): Promise<void> {
  const reader = new TarReader(onEntry);
  try {
    for await (const chunk of input) if (!(await reader.write(chunk))) break;
  } catch (cause) {
    reader.fail(cause);
  }
  await reader.end();
}

/** The first failure ends it: whoever waits for bytes hears of it, and no further entry is given out. */
class TarReader {
  readonly #parser = new Parser({
    ...{ strict: true, maxMetaEntrySize: MOST_META_BYTES, maxDecompressionRatio: MOST_UNPACKED },
  });
  #failure: { readonly cause: unknown } | undefined;
  #isEnded = false;
  #handled: Promise<void> = Promise.resolve();
  #current: EntryBytes | undefined;
  #wake = (): void => undefined;

  constructor(onEntry: (entry: TarEntry) => Promise<void>) {
    this.#parser.on('error', (cause: Error) => this.fail(notAnArchive(cause)));
    this.#parser.on('drain', () => this.#wake());
    this.#parser.on('end', () => {
      this.#isEnded = true;
      this.#wake();
    });
    this.#parser.on('entry', (entry: ReadEntry) => {
      this.#handled = this.#handled.then(() => this.#handle(entry, onEntry)).catch((cause) => this.fail(cause));
    });
  }

  /** Whether it goes on. Resolves when there is room for more. */
  async write(chunk: Uint8Array): Promise<boolean> {
    const hasRoom = this.#parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (!hasRoom && !this.#failure) await this.#woken();
    return !this.#failure;
  }

  async end(): Promise<void> {
    if (!this.#failure) this.#parser.end();
    while (!this.#isEnded && !this.#failure) await this.#woken();
    await this.#handled;
    if (this.#failure) throw this.#failure.cause;
  }

  fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.#current?.fail(cause);
    this.#wake();
  }

  async #handle(entry: ReadEntry, onEntry: (entry: TarEntry) => Promise<void>): Promise<void> {
    if (this.#failure) return;
    const bytes = new EntryBytes(entry);
    this.#current = bytes;
    const kind = FILE_TYPES.includes(entry.type) ? 'file' : entry.type === 'Directory' ? 'folder' : 'other';
    await onEntry({ path: entry.path, kind, sizeBytes: entry.size, chunks: bytes });
    bytes.passOver();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The bytes of one entry. They come no faster than they are taken, and a failure reaches whoever waits for them. */
class EntryBytes implements AsyncIterable<Uint8Array> {
  readonly #entry: ReadEntry;
  readonly #arrived: Uint8Array[] = [];
  #isEnded = false;
  #failure: { readonly cause: unknown } | undefined;
  #wake = (): void => undefined;

  constructor(entry: ReadEntry) {
    this.#entry = entry;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.#entry.on('end', () => {
      this.#isEnded = true;
      this.#wake();
    });
    this.#entry.on('data', (chunk: Uint8Array) => {
      this.#arrived.push(chunk);
      this.#entry.pause();
      this.#wake();
    });
    for (;;) {
      if (this.#failure) throw this.#failure.cause;
      const next = this.#arrived.shift();
      if (next) yield next;
      else if (this.#isEnded) return;
      else await this.#more();
    }
  }

  fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.#wake();
  }

  /** What was not taken is of no use to anybody. */
  passOver(): void {
    this.#entry.removeAllListeners('data');
    this.#entry.resume();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      // It may have more at once, and then this is over before it was waited for.
      this.#entry.resume();
    });
  }
}

function notAnArchive(cause: Error): AppError {
  return new AppError('archive-invalid', `it is no tar archive, or not a whole one: ${cause.message}`, { cause });
}

/** The bytes of an archive, and how many they are. The same files give the same bytes. */
export function writeTar(files: readonly TarFile[]): {
  readonly sizeBytes: number;
  readonly chunks: () => AsyncGenerator<Uint8Array>;
} {
  const sizes = files.map(({ path, sizeBytes }) => headerOf(path, sizeBytes).length + sizeBytes + paddingOf(sizeBytes));
  const end = new Uint8Array(2 * BLOCK_BYTES);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const file of files) {
      yield headerOf(file.path, file.sizeBytes);
      yield* file.chunks();
      if (paddingOf(file.sizeBytes) > 0) yield new Uint8Array(paddingOf(file.sizeBytes));
    }
    yield end;
  }
  return { sizeBytes: sizes.reduce((sum, size) => sum + size, end.length), chunks };
}

function paddingOf(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** POSIX.1-1988, and POSIX.1-2001 before it where a name or a size is too long for that. */
function headerOf(path: string, size: number): Uint8Array {
  const fields = { path, size, mode: 0o644, type: 'File', mtime: new Date(0), uid: 0, gid: 0 } as const;
  const block = Buffer.alloc(BLOCK_BYTES);
  const needsPax = new Header(fields).encode(block, 0);
  return needsPax ? Buffer.concat([new Pax(fields).encode(), block]) : block;
}

import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDir } from '../adapters/node/files.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import type { NewEvent } from '../model/event.ts';
import type { Change } from '../model/store.ts';

/** One line of the log: everything that one commit changed, because it changed an order, a mark or what is installed. */
export type LogRecord = {
  readonly seq: number;
  readonly epoch: string;
  readonly at: number;
  readonly changes: readonly Change[];
  readonly events: readonly NewEvent[];
};

/** What a compaction does, in this order. */
export const COMPACTION_STEPS = ['write', 'sync', 'rename', 'sync-dir', 'close'] as const;
export type CompactionStep = (typeof COMPACTION_STEPS)[number];

export type OrderLogLimits = {
  /** Longer than that, the file is written anew with its newest records. */
  readonly maxBytes: number;
  /** How much of it stays then; the last record always does. */
  readonly keepBytes: number;
};

export type OrderLogFileDeps = {
  readonly path: string;
  readonly log: Log;
  readonly limits?: OrderLogLimits;
  /** A test aid: runs before each step of a compaction, and may fail instead of it. */
  readonly beforeStep?: (step: CompactionStep) => Promise<void> | void;
};

/** Some thousand orders, which a person may want to look up; only the last record is compared with the database. */
const LIMITS: OrderLogLimits = { maxBytes: 1024 * 1024, keepBytes: 256 * 1024 };

/**
 * The file of the log, open for writing, without a last line that was cut off.
 * @throws AppError `disk-full`, `disk-failed`, `permission-denied`
 */
export async function openOrderLogFile(deps: OrderLogFileDeps): Promise<OrderLogFile> {
  const { path } = deps;
  const { last, lengthBytes } = await readLog(path);
  try {
    // What a kill left of a compaction; the file itself is whole, old or new.
    await rm(unfinished(path), { force: true });
    // r+ keeps positions: a file opened for appending writes at its end wherever it is told to.
    const file = await open(path, 'r+').catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(path, 'wx+', 0o600);
    });
    await file.truncate(lengthBytes);
    await file.sync();
    await syncDir(dirname(path));
    return new OrderLogFile(deps, file, lengthBytes, last);
  } catch (error) {
    throw diskError(`cannot open ${path}`, error);
  }
}

/** Appends are one after the other: the caller waits for one before the next. */
export class OrderLogFile {
  readonly #deps: OrderLogFileDeps;
  readonly #limits: OrderLogLimits;
  /** The record that was the last when the file was opened. */
  readonly last: LogRecord | undefined;
  #file: FileHandle;
  #lengthBytes: number;
  /** Of what was appended and is neither confirmed nor taken back. */
  #openBytes = 0;
  #compactAboveBytes: number;
  #isBroken = false;

  constructor(deps: OrderLogFileDeps, file: FileHandle, lengthBytes: number, last: LogRecord | undefined) {
    this.#deps = deps;
    this.#limits = deps.limits ?? LIMITS;
    this.#file = file;
    this.#lengthBytes = lengthBytes;
    this.#compactAboveBytes = this.#limits.maxBytes;
    this.last = last;
  }

  /** Appends a record, on disk when this resolves; `confirm` or `takeBack` must follow, also if it fails. */
  async append(record: LogRecord): Promise<void> {
    if (this.#isBroken) throw new AppError('disk-failed', 'the log of orders cannot be written; start the site anew');
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      await writeAll(this.#file, line, this.#lengthBytes);
      await this.#file.datasync();
      this.#openBytes = line.length;
    } catch (error) {
      throw diskError('the log of orders cannot be written', error);
    }
  }

  confirm(): void {
    this.#lengthBytes += this.#openBytes;
    this.#openBytes = 0;
  }

  /** Never fails: a file that cannot be mended takes no further record until the next start. */
  async takeBack(): Promise<void> {
    this.#openBytes = 0;
    if (this.#isBroken) return;
    try {
      await this.#file.truncate(this.#lengthBytes);
      await this.#file.datasync();
    } catch (error) {
      this.#breakWith(error);
    }
  }

  /**
   * Writes a long file anew, with its newest records only; never between an append and its confirmation. Whenever this
   * is cut off, there is the old file or the new one under its name, each whole. A failure leaves the old one.
   */
  async compactIfLong(): Promise<void> {
    if (this.#isBroken || this.#lengthBytes <= this.#compactAboveBytes) return;
    const { path, log } = this.#deps;
    try {
      await this.#compact(path, this.#newest(await this.#read()));
    } catch (error) {
      // The next try comes when it has grown by as much again: a disk that is full has other things to do.
      this.#compactAboveBytes = this.#lengthBytes + this.#limits.maxBytes;
      log.warn({ error }, 'the log of orders could not be shortened; it goes on as it is');
      await rm(unfinished(path), { force: true }).catch(() => undefined);
    }
  }

  async #compact(path: string, newest: Buffer): Promise<void> {
    const step = this.#deps.beforeStep ?? (() => undefined);
    await step('write');
    const fresh = await open(unfinished(path), 'w+', 0o600);
    try {
      await writeAll(fresh, newest, 0);
      await step('sync');
      await fresh.sync();
      await step('rename');
      await rename(unfinished(path), path);
    } catch (error) {
      await fresh.close();
      throw error;
    }
    // From here on the name means the new file, whatever fails; it stays open under it.
    const former = this.#file;
    this.#file = fresh;
    this.#lengthBytes = newest.length;
    this.#compactAboveBytes = this.#limits.maxBytes;
    await this.#settle(path, former, step);
  }

  async #settle(path: string, former: FileHandle, step: (step: CompactionStep) => Promise<void> | void): Promise<void> {
    try {
      await step('sync-dir');
      await syncDir(dirname(path));
    } catch (error) {
      // After a power cut the old file might be there again, and know nothing of what is ordered from now on.
      this.#breakWith(error);
    }
    await step('close');
    await former.close().catch(() => undefined);
  }

  async #read(): Promise<Buffer> {
    const bytes = Buffer.alloc(this.#lengthBytes);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, 0);
    if (bytesRead < bytes.length) throw new AppError('disk-failed', `only ${bytesRead} bytes of it can be read`);
    return bytes;
  }

  /** The last lines that fit, at least one. */
  #newest(bytes: Buffer): Buffer {
    const end = this.#lengthBytes;
    const wanted = bytes.indexOf(10, Math.max(0, end - this.#limits.keepBytes - 1)) + 1;
    const start = wanted > 0 && wanted < end ? wanted : bytes.lastIndexOf(10, end - 2) + 1;
    return bytes.subarray(start, end);
  }

  #breakWith(error: unknown): void {
    this.#isBroken = true;
    this.#deps.log.error({ error }, 'the log of orders cannot be mended; nothing is ordered until the next start');
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function unfinished(path: string): string {
  return `${path}.new`;
}

/** The last record, and how many bytes are whole lines: one that was cut off never became a commit. */
async function readLog(path: string): Promise<{ last: LogRecord | undefined; lengthBytes: number }> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw diskError(`cannot read ${path}`, error);
  });
  let last: LogRecord | undefined;
  let lengthBytes = 0;
  for (;;) {
    const end = bytes.indexOf(10, lengthBytes);
    const record = end < 0 ? undefined : parseRecord(bytes.toString('utf8', lengthBytes, end));
    if (!record) return { last, lengthBytes };
    last = record;
    lengthBytes = end + 1;
  }
}

function parseRecord(line: string): LogRecord | undefined {
  try {
    const value = JSON.parse(line) as LogRecord;
    return Number.isInteger(value.seq) && Array.isArray(value.changes) ? value : undefined;
  } catch {
    // Damaged: from here on the log says nothing, and the comparison with the database shows it.
    return undefined;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function diskError(message: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') return new AppError('permission-denied', message, { cause });
  return new AppError(code === 'ENOSPC' ? 'disk-full' : 'disk-failed', message, { cause });
}

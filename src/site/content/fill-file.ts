import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Layout } from './layout.ts';
import { PartialFile } from './partial-file.ts';
import { type PassingDeps, PassingWindow, type Place } from './passing-window.ts';

/** How often the free space is looked at again: others write to this disk, too. */
const LOOK_EVERY_BYTES = 16 * 1024 * 1024;

export type FillFileDeps = PassingDeps & {
  readonly layout: Layout;
  /** Makes sure that so many bytes more fit on the disk; rejects with `disk-full`. */
  readonly checkRoom: (bytes: number) => Promise<void>;
  /** Why nothing of it is put on the disk; undefined: it is, as long as there is room. */
  readonly unkept: AppError | undefined;
};

/**
 * The bytes of a fill: on the disk, and from where the disk is full on in memory, for a client that waits for them. What was
 * written before stays as long as the fill, so that whoever is behind can read on.
 */
export class FillFile {
  readonly #deps: FillFileDeps;
  #disk: PartialFile | undefined;
  #diskBytes = 0;
  #window: PassingWindow | undefined;
  #lookAt = 0;
  #full: AppError | undefined;

  private constructor(deps: FillFileDeps, disk: PartialFile | undefined, full: AppError | undefined) {
    this.#deps = deps;
    this.#disk = disk;
    this.#full = full;
    if (full) this.#window = new PassingWindow(0, deps);
  }

  static async open(digest: Digest, deps: FillFileDeps): Promise<FillFile> {
    if (deps.unkept) return new FillFile(deps, undefined, deps.unkept);
    try {
      return new FillFile(deps, await PartialFile.open(deps.layout, digest), undefined);
    } catch (cause) {
      return new FillFile(deps, undefined, fullOf(cause, deps.places));
    }
  }

  /** Why it will not be kept; undefined: it will. */
  get full(): AppError | undefined {
    return this.#full;
  }

  /** Whether somebody who comes now can read all of it. */
  get isWhole(): boolean {
    return !this.#window || this.#window.first <= this.#diskBytes;
  }

  /** Gives all that lies here to `onBytes`, and answers how much that was. `isOver` ends it early. */
  async restore(onBytes: (bytes: Uint8Array) => void, isOver: () => boolean): Promise<number> {
    return this.#window ? 0 : (this.#disk?.restore(onBytes, isOver) ?? 0);
  }

  /** Throws away what lies behind `here`, which is of a round that is over. */
  async prepare(here: number): Promise<void> {
    if (!this.#window) await this.#disk?.cut(here);
    else if (here === 0) await this.#restart();
    this.#lookAt = here;
  }

  /** `toCome`: how much of the file is still to come, these bytes included; undefined: nobody has said it. */
  async write(bytes: Uint8Array, position: number, toCome: number | undefined): Promise<void> {
    if (!this.#window) await this.#writeToDisk(bytes, position, toCome ?? 0);
    if (!this.#window || !this.#full) return;
    // Of a file without a size nobody reads before its end.
    if (toCome === undefined || !isAwaited(this.#deps.places)) throw this.#full;
    await this.#window.write(bytes);
  }

  async read(place: Place, into: Uint8Array, position: number): Promise<number> {
    place.position = position;
    const window = this.#window;
    const isOnDisk = !window || position < this.#diskBytes;
    const readable = window && isOnDisk ? into.subarray(0, this.#diskBytes - position) : into;
    const bytesRead = isOnDisk ? ((await this.#disk?.read(readable, position)) ?? 0) : window.read(into, position);
    place.position = position + bytesRead;
    window?.moved();
    return bytesRead;
  }

  /** Somebody has left. */
  left(): void {
    this.#window?.moved();
  }

  /** Gives a whole file its name; false: it is not kept. */
  async publish(sizeBytes: number): Promise<boolean> {
    if (this.#window || !this.#disk) return false;
    await this.#disk.cut(sizeBytes);
    await this.#disk.publish();
    return true;
  }

  async drop(): Promise<void> {
    await this.#disk?.drop();
  }

  async close(): Promise<void> {
    await this.#disk?.close();
  }

  async #writeToDisk(bytes: Uint8Array, position: number, toCome: number): Promise<void> {
    try {
      if (position >= this.#lookAt) {
        await this.#deps.checkRoom(Math.max(bytes.length, toCome));
        this.#lookAt = position + LOOK_EVERY_BYTES;
      }
      await this.#disk?.write(bytes, position);
    } catch (cause) {
      this.#full = fullOf(cause, this.#deps.places);
      this.#diskBytes = position;
      if (position === 0) await this.#disk?.drop();
      this.#window = new PassingWindow(position, this.#deps);
    }
  }

  async #restart(): Promise<void> {
    this.#diskBytes = 0;
    this.#window?.restart();
    await this.#disk?.drop();
  }
}

/** Nothing is fetched only to be forgotten: it passes only if a client waits for it. */
function isAwaited(places: ReadonlySet<Place>): boolean {
  return [...places].some(({ priority }) => priority === 'boot' || priority === 'client');
}

function fullOf(cause: unknown, places: ReadonlySet<Place>): AppError {
  if (cause instanceof AppError && cause.code === 'disk-full' && isAwaited(places)) return cause;
  throw cause;
}

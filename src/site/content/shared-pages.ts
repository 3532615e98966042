import type { OpenAsset } from '../../model/content.ts';

/** Reads of 1 MiB cost half the processor time of 64 KiB ones. */
export const PAGE_BYTES = 1024 * 1024;
const SMALL_BYTES = 64 * 1024;
/** 32 MiB feed 1 Gbit/s for a quarter of a second, which is longer than any disk takes for the next of them. */
const MOST_PAGES = 32;

/** Bytes of a file, lent to whoever sends them. */
export type Loan = {
  readonly bytes: Uint8Array;
  /** To be said once. `lost`: the kernel may still be reading them, so that no other bytes may come into their place. */
  giveBack(lost?: boolean): void;
};

/** One client's way through a file. */
export type Reading = {
  /**
   * Bytes from `position` on, at least one and none from `end` on.
   * @throws AppError `disk-failed`; Error if the file is shorter than it says
   */
  read(position: number, end: number): Promise<Loan>;
  /** After the last loan is given back. */
  close(): void;
};

export type SharedPages = { open(asset: OpenAsset): Reading };

type Page = {
  readonly key: string;
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** How many of its bytes are of the file. */
  readonly filled: Promise<number>;
  users: number;
  lost: boolean;
};

/**
 * Reads files in pages, and each page once for all who send the same file at about the same place, as machines do that
 * start together: whoever is first waits for the read, the others find it done and so catch up. There are at most `most`
 * pages. While all are in use there are only small buffers for the others, so that hundreds of slow clients cost speed, not
 * memory; and no page outlives the last client. A file without a version has small buffers only.
 */
export function createSharedPages(most = MOST_PAGES): SharedPages {
  const readers = new Map<string, number>();
  /** The one that nobody used for longest is the first. */
  const pages = new Map<string, Page>();
  const idle: Uint8Array<ArrayBuffer>[] = [];
  let count = 0;

  function takeBuffer(): Uint8Array<ArrayBuffer> | undefined {
    const warm = idle.pop();
    if (warm) return warm;
    if (count < most) {
      count += 1;
      return new Uint8Array(PAGE_BYTES);
    }
    const unused = [...pages.values()].find(({ users }) => users === 0);
    if (unused) pages.delete(unused.key);
    return unused?.buffer;
  }

  function newPage(key: string, asset: OpenAsset, start: number): Page | undefined {
    const buffer = takeBuffer();
    if (!buffer) return undefined;
    const filled = fill(asset, buffer.subarray(0, asset.sizeBytes - start), start);
    return { key, buffer, filled, users: 0, lost: false };
  }

  function leave(page: Page, version: string, lost: boolean): void {
    page.users -= 1;
    page.lost ||= lost;
    if (page.lost && pages.get(page.key) === page) pages.delete(page.key);
    if (page.users > 0) return;
    if (page.lost) count -= 1;
    else if (readers.get(version) === 1) {
      // Nobody comes behind, and the buffer that was used last is still in the processor's cache.
      pages.delete(page.key);
      idle.push(page.buffer);
    }
  }

  async function lend(page: Page, version: string, first: number, end: number): Promise<Loan> {
    page.users += 1;
    pages.delete(page.key);
    pages.set(page.key, page);
    try {
      const bytes = page.buffer.subarray(first, Math.min(end, await page.filled));
      return { bytes, giveBack: (lost = false) => leave(page, version, lost) };
    } catch (cause) {
      leave(page, version, true);
      throw cause;
    }
  }

  function closeReading(version: string): void {
    const left = (readers.get(version) ?? 1) - 1;
    if (left > 0) readers.set(version, left);
    else readers.delete(version);
    if (readers.size > 0) return;
    pages.clear();
    idle.length = 0;
    count = 0;
  }

  return {
    open: (asset) => {
      const { version } = asset;
      if (version === undefined) return { read: (...at) => readSmall(asset, ...at), close: () => undefined };
      readers.set(version, (readers.get(version) ?? 0) + 1);
      return {
        read: async (position, end) => {
          const start = position - (position % PAGE_BYTES);
          const key = `${version} ${start}`;
          const isSmall = end - position <= SMALL_BYTES;
          const page = pages.get(key) ?? (isSmall ? undefined : newPage(key, asset, start));
          return page ? lend(page, version, position - start, end - start) : readSmall(asset, position, end);
        },
        close: () => closeReading(version),
      };
    },
  };
}

/** Answers with what there is: the rest of a file may still be on its way here. */
async function readSmall(asset: OpenAsset, position: number, end: number): Promise<Loan> {
  const buffer = new Uint8Array(Math.min(SMALL_BYTES, end - position));
  const bytes = buffer.subarray(0, await asset.read(buffer, position));
  if (bytes.length === 0) throw endsAt(asset, position);
  return { bytes, giveBack: () => undefined };
}

async function fill(asset: OpenAsset, into: Uint8Array<ArrayBuffer>, position: number): Promise<number> {
  for (let filled = 0; filled < into.length; ) {
    const got = await asset.read(into.subarray(filled), position + filled);
    if (got === 0) throw endsAt(asset, position + filled);
    filled += got;
  }
  return into.length;
}

function endsAt({ sizeBytes }: OpenAsset, position: number): Error {
  return new Error(`an asset of ${sizeBytes} bytes ends at ${position}`);
}

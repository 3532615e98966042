import type { Clock, Log, Random } from '../../kernel/ports.ts';
import type { BlobIntake, ContentNews, ContentStore, FileGroups, ScrubReport } from '../../model/content.ts';
import type { Wan } from '../../model/wan-port.ts';
import type { FileHasher } from './hash-in-thread.ts';

export type ContentSettings = {
  readonly dataDir: string;
  /** A source that is silent for so long has failed. */
  readonly stallMs?: number;
  readonly maxAssetBytes?: number;
  /** What assets leave free on the disk, so that leases and events can always be written. */
  readonly reserveBytes?: number;
  /** What assets may take of the disk, as of now; undefined: all but the reserve. */
  readonly maxDiskBytes?: () => number | undefined;
  /** Fills at a time: each holds a thread of the pool now and then, and downloads share it. */
  readonly parallelFills?: number;
};

export type ContentDeps = {
  readonly settings: ContentSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The line to the outside, for what comes from servers; undefined: nobody shares it. */
  readonly wan?: Wan;
  readonly tell?: (news: ContentNews) => void;
  /** How files are read again; undefined: in a thread, at 20 MB/s. */
  readonly hasher?: () => FileHasher;
};

/** The store, as its composition root holds it. */
export interface RunningContentStore extends ContentStore, BlobIntake {
  /** How many files are on their way. */
  fills(): number;
  /** From now on, what belongs together is deleted together. */
  group(by: FileGroups): void;
  /** Reads all that is here again, and puts what is damaged out of the way; it takes an hour for 70 GB. */
  scrub(): Promise<ScrubReport>;
  /** From now on it does so each month. */
  scrubMonthly(): void;
  /** Ends fills and retries; what is half done is gone on with in the next life. */
  stop(): Promise<void>;
}

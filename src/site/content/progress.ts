import type { Digest } from '../../kernel/digest.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { SendOutcome } from './send-asset.ts';

/** How far a client is with an asset. `bytesSent` counts from the beginning of the file, also if it asked for a later part. */
export type AssetProgress = {
  readonly remote: string;
  readonly digest: Digest;
  readonly name: string;
  readonly bytesSent: number;
  readonly sizeBytes: number;
  /** true once: the last byte of the file has left. */
  readonly done: boolean;
};

export type OnProgress = (progress: AssetProgress) => void;

export type ProgressDeps = {
  readonly clock: Clock;
  readonly onProgress: OnProgress;
  readonly first: number;
} & Pick<AssetProgress, 'remote' | 'digest' | 'name' | 'sizeBytes'>;

const EVERY_MS = 1_000;

/** Reports at most once per second, and at the end. */
export function createProgress({ clock, onProgress, first, ...fixed }: ProgressDeps) {
  let position = first;
  let reportedAt = clock.monotonic();
  const report = (done: boolean) => onProgress({ ...fixed, bytesSent: position, done });
  return {
    sent: (bytesSent: number): void => {
      position = first + bytesSent;
      if (clock.monotonic() - reportedAt < EVERY_MS) return;
      reportedAt = clock.monotonic();
      report(false);
    },
    end: (outcome: SendOutcome): void => report(outcome === 'sent' && position === fixed.sizeBytes),
  };
}

import { AppError } from '../../kernel/errors.ts';
import type { OpenAsset } from '../../model/content.ts';

/** What a follower sees of a fill. */
export type Followed = {
  readonly sizeBytes: () => number | undefined;
  /** How much of it may be given away. */
  readonly readable: () => number;
  /** Another number than before: what was read then is of no use. */
  readonly round: () => number;
  /** Why nothing more comes. */
  readonly failure: () => AppError | undefined;
  readonly read: (into: Uint8Array, position: number) => Promise<number>;
  /** Resolves when any of this has changed. */
  readonly changed: () => Promise<void>;
  /** Hears that one is closed; wakes all, so that its own read ends. */
  readonly left: () => void;
};

/**
 * Reads a fill at its own pace: at once what lies on the disk, and what is to come when it comes. A follower that has read
 * bytes of a source that turned out to lie is cut; one that has read none does not notice.
 */
export function createFollower(fill: Followed, sizeBytes: number): OpenAsset {
  let isClosed = false;
  /** The round of which it has bytes. */
  let readIn: number | undefined;
  const check = (): void => {
    if (isClosed) throw new AppError('asset-unavailable', 'the reader was closed');
    const failure = fill.failure();
    if (failure) throw failure;
    if ((readIn ?? fill.round()) === fill.round() && (fill.sizeBytes() ?? sizeBytes) === sizeBytes) return;
    throw new AppError('asset-unavailable', 'the source sent wrong bytes, and all of it is fetched anew');
  };
  const waitFor = async (position: number): Promise<void> => {
    check();
    while (fill.readable() <= position) {
      await fill.changed();
      check();
    }
  };

  return {
    sizeBytes,
    read: async (into, position) => {
      if (position >= sizeBytes) return 0;
      await waitFor(position);
      const round = fill.round();
      const bytesRead = await fill.read(into.subarray(0, fill.readable() - position), position);
      // Meanwhile the file may have been emptied under the reader.
      readIn ??= round;
      check();
      if (bytesRead === 0)
        throw new AppError('disk-failed', 'a file on its way is shorter than what was written to it');
      return bytesRead;
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      fill.left();
    },
  };
}

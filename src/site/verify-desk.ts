import { AppError } from '../kernel/errors.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { VerifyView } from '../wire/api/images.ts';
import type { RunningContentStore } from './content/settings.ts';
import type { RunningWanted } from './registry/wanted.ts';

/** Has all stored bytes read again when a person asks for it. */
export interface VerifyDesk {
  /** The look that goes on, or the last one since the start of the site; undefined: none. */
  view(): VerifyView | undefined;
  /** Answers at once; who asks meanwhile shares the look that goes on. */
  begin(): string;
}

export function createVerifyDesk({
  content,
  wanted,
  clock,
  log,
}: {
  readonly content: Pick<RunningContentStore, 'scrub'>;
  readonly wanted: Pick<RunningWanted, 'changed'>;
  readonly clock: Clock;
  readonly log: Log;
}): VerifyDesk {
  let last: VerifyView | undefined;
  const look = async (since: number): Promise<void> => {
    try {
      const { files, damaged } = await content.scrub();
      last = { since, endedAt: clock.now(), files, damaged };
      // The store fetches what it still knows the sources of; what images lack besides, the prefetch finds.
      if (damaged > 0) wanted.changed({ now: true });
    } catch (thrown) {
      const because = AppError.from(thrown).message;
      log.warn({ reason: because }, 'stored files could not be checked');
      last = { since, endedAt: clock.now(), because };
    }
  };
  return {
    view: () => last,
    begin: () => {
      if (!last || last.endedAt !== undefined) {
        last = { since: clock.now() };
        void look(last.since);
      }
      return 'All stored files are being read again and compared with their digests.';
    },
  };
}

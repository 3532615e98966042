import { formatDuration } from '../../../kernel/duration.ts';
import { AppError } from '../../../kernel/errors.ts';
import type { AssetState } from '../../../model/content.ts';

/** What to tell somebody who asks for an asset that is not complete here. `nowMs` is milliseconds since 1970. */
export function describeMissing(state: AssetState, nowMs: number): AppError {
  switch (state.kind) {
    case 'filling':
      return new AppError('asset-unavailable', `the file is on its way: ${formatProgress(state)}`);
    case 'failed': {
      const wait = formatDuration(Math.max(0, state.nextTryAt - nowMs));
      return new AppError('asset-unavailable', `the file could not be fetched, next try in ${wait}: ${state.because}`);
    }
    default:
      return new AppError('not-found', 'no file of that digest is here');
  }
}

function formatProgress({ bytesDone, sizeBytes }: Extract<AssetState, { kind: 'filling' }>): string {
  return sizeBytes ? `${Math.floor((100 * bytesDone) / sizeBytes)} %` : `${bytesDone} bytes`;
}

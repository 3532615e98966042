import type { Digest } from '../../../kernel/digest.ts';
import { formatPlatform } from '../../../kernel/platform.ts';
import type { AssetState } from '../../../model/content.ts';
import type { ImageState } from '../../../model/images.ts';
import type { Needed } from './needed.ts';

/**
 * How far an image is here.
 * @param needed undefined: not even its first manifest is known
 * @param failure why the last try brought not all of it; undefined: it was not tried yet, or all came
 */
export function wantedState(
  needed: Needed | undefined,
  failure: string | undefined,
  stateOf: (digest: Digest) => AssetState,
): ImageState {
  if (!needed) return failure === undefined ? { kind: 'waiting' } : { kind: 'failed', because: failure };
  let [doneBytes, sizeBytes, isWhole] = [0, 0, needed.unread.length === 0 && needed.notOffered.length === 0];
  for (const [digest, size] of needed.sizes) {
    const state = stateOf(digest);
    sizeBytes += size;
    if (state.kind === 'complete') doneBytes += size;
    else isWhole = false;
    if (state.kind === 'filling') doneBytes += Math.min(size, state.bytesDone);
  }
  if (isWhole) return { kind: 'complete', sizeBytes };
  return failure === undefined ? { kind: 'partial', doneBytes, sizeBytes } : { kind: 'failed', because: failure };
}

/** Why an image can never be whole here; undefined: it can. */
export function whyNever({ notOffered }: Needed): string | undefined {
  return notOffered.length === 0 ? undefined : `the image is not for ${notOffered.map(formatPlatform).join(', ')}`;
}

/** Of something that is not whole: never 100. */
export function percentOf({ doneBytes, sizeBytes }: Extract<ImageState, { kind: 'partial' }>): number {
  return Math.min(99, Math.floor((doneBytes / Math.max(1, sizeBytes)) * 100));
}

/** `complete`, `40 %`, `failed because …`: as boot scripts, the page and head office show it. */
export function sayState(state: ImageState): string {
  switch (state.kind) {
    case 'complete':
      return 'complete';
    case 'partial':
      return `${percentOf(state)} %`;
    case 'waiting':
      return 'not begun';
    case 'failed':
      return `failed because ${state.because}`;
    default:
      return state satisfies never;
  }
}

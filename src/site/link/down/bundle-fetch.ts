import type { Wanted } from '../policy/apply.ts';
import type { ApplyFiles, FetchPiece } from './ports.ts';

/** A revision of hundreds of slots with all their documents has a tenth of this. */
const MOST_BYTES = 32 * 1024 * 1024;

export type Fetched =
  | { readonly kind: 'here' }
  /** Another one is wanted meanwhile. */
  | { readonly kind: 'left' }
  | { readonly kind: 'faulty'; readonly because: string };

/**
 * Brings a bundle here, from where it broke off the last time. Rejects as `fetch` and the files do: what is here by then stays,
 * and the next call goes on with it.
 */
export async function fetchBundle(
  { bundle, sizeBytes }: Wanted,
  fetch: FetchPiece,
  files: ApplyFiles,
  isWanted: () => boolean,
): Promise<Fetched> {
  if (sizeBytes > MOST_BYTES) return { kind: 'faulty', because: `its bundle has ${sizeBytes} bytes: too large` };
  let had = await files.sizeOf(bundle);
  const wasResumed = had > 0;
  for (let whole = sizeBytes; had < whole; ) {
    const piece = await fetch(bundle, had);
    if (!isWanted()) return { kind: 'left' };
    whole = Math.min(piece.sizeBytes, MOST_BYTES);
    if (piece.chunk.length === 0 && had < whole)
      return { kind: 'faulty', because: `head office gave ${had} of its ${whole} bytes and no more` };
    await files.append(bundle, piece.chunk);
    had += piece.chunk.length;
  }
  if (await files.complete(bundle)) return { kind: 'here' };
  // What was here before may have been the damaged part.
  if (wasResumed) return fetchBundle({ bundle, sizeBytes } as Wanted, fetch, files, isWanted);
  return {
    kind: 'faulty',
    because: 'its bytes are not those that head office named: somebody changed them on the way',
  };
}

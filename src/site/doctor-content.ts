import { stat } from 'node:fs/promises';
import type { Digest } from '../kernel/digest.ts';
import type { ContentStore } from '../model/content.ts';
import { blobPath, layoutOf } from './content/layout.ts';
import { openBlob } from './content/open-blob.ts';
import type { Found } from './preflight/result.ts';

/** What of these a site has in its store, for another process: it is read, and nothing in it is changed. */
export async function blobsHere(
  dataDir: string,
  digests: readonly Digest[],
): Promise<Found<Pick<ContentStore, 'open' | 'stateOf'>>> {
  const layout = layoutOf(dataDir);
  const sizes = new Map<Digest, number>();
  for (const digest of new Set(digests)) {
    const path = blobPath(layout, digest);
    const size = await stat(path).then(
      (found) => found.size,
      ({ code }: NodeJS.ErrnoException) => code ?? 'EIO',
    );
    if (typeof size === 'number') sizes.set(digest, size);
    else if (size !== 'ENOENT') return { unseen: `${path} cannot be looked at: ${size}` };
  }
  return {
    seen: {
      stateOf: (digest) => {
        const sizeBytes = sizes.get(digest);
        return sizeBytes === undefined ? { kind: 'absent' } : { kind: 'complete', sizeBytes };
      },
      open: async (digest) => {
        const opened = await openBlob(layout, digest, sizes.get(digest) ?? 0);
        return typeof opened === 'object' ? opened : undefined;
      },
    },
  };
}

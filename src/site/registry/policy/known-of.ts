import { childrenOf, type Manifest } from '../codec/manifest.ts';
import { INDEX_TYPES, MANIFEST_TYPES } from '../codec/media-types.ts';
import type { KnownManifest } from './known.ts';

/** What is remembered of a manifest: enough to tell what is missing of its image without reading it again. */
export function knownOf(manifest: Manifest, sizeBytes: number, mediaType = manifest.mediaType): KnownManifest {
  const kindOf = (type: string) => ([...MANIFEST_TYPES, ...INDEX_TYPES].includes(type) ? 'manifest' : 'blob');
  return {
    ...{ mediaType, sizeBytes },
    parts: childrenOf(manifest).map(({ digest, sizeBytes: partBytes, platform, mediaType: type }) => ({
      ...{ digest, sizeBytes: partBytes, ...(platform && { platform }) },
      kind: manifest.kind === 'index' ? 'manifest' : kindOf(type),
    })),
    ...(manifest.subject && { subject: manifest.subject.digest }),
  };
}

import type { BlobSource } from '../../../model/content.ts';
import type { AssetSource } from '../../../model/revision.ts';
import { debianSources } from './debian.ts';
import { fileSource } from './file.ts';
import { urlSource } from './url.ts';

/** The ways to an asset that a list of sources offers, in order. `scratch` is an existing folder for what they put down. */
export function sourcesOf(sources: readonly AssetSource[], scratch: string): BlobSource[] {
  return sources.flatMap((source) => {
    switch (source.kind) {
      case 'url':
        return [urlSource(source.url)];
      case 'file':
        return [fileSource(source.path)];
      case 'debian':
        return debianSources(source, scratch);
      default:
        return source satisfies never;
    }
  });
}

import type { BlobSource } from '../../../model/content.ts';
import { governed } from '../../../model/governed.ts';
import type { AssetSource } from '../../../model/revision.ts';
import type { Wan } from '../../../model/wan-port.ts';
import { debianSources } from './debian.ts';
import { fileSource } from './file.ts';
import { urlSource } from './url.ts';

/**
 * The ways to an asset that a list of sources offers, in order. `scratch` is an existing folder for what they put down. What apt
 * downloads is the one thing that the line does not hold back.
 */
export function sourcesOf(sources: readonly AssetSource[], scratch: string, wan?: Wan): BlobSource[] {
  return sources.flatMap((source) => {
    switch (source.kind) {
      case 'url':
        return [wan ? governed(urlSource(source.url), wan) : urlSource(source.url)];
      case 'file':
        return [fileSource(source.path)];
      case 'debian':
        return debianSources(source, scratch);
      default:
        return source satisfies never;
    }
  });
}

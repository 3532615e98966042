import type { AssetSource } from '../../../model/revision.ts';
import type { Attempt } from './attempt.ts';
import { debianAttempts } from './debian.ts';
import { fileAttempt } from './file.ts';
import { urlAttempt } from './url.ts';

/** The ways that a list of sources offers, in order. */
export function attemptsOf(sources: readonly AssetSource[]): Attempt[] {
  return sources.flatMap((source) => {
    switch (source.kind) {
      case 'url':
        return [urlAttempt(source.url)];
      case 'file':
        return [fileAttempt(source.path)];
      case 'debian':
        return debianAttempts(source);
      default:
        return source satisfies never;
    }
  });
}

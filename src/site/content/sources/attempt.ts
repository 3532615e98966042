import type { AssetSource } from '../../../model/revision.ts';
import { debianAttempts } from './debian.ts';
import { fileAttempt } from './file.ts';
import { urlAttempt } from './url.ts';

/** Bytes on their way from a source. `sizeBytes` is what the source says, if it says. */
export type Delivery = { readonly sizeBytes?: number; readonly chunks: AsyncIterable<Uint8Array> };

export type AttemptContext = {
  /** An existing folder for what the attempt needs to put down; the caller drops it. */
  readonly scratchDir: string;
  /** A source that is silent for so long has failed. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
};

/**
 * One way to come by an asset. `label` names it to a person. `deliver` rejects, or its chunks do, with an Error whose
 * message says why in a few words; nothing is trusted, since the bytes are checked by whoever reads them.
 */
export type Attempt = {
  readonly label: string;
  deliver(context: AttemptContext): Promise<Delivery>;
};

/** The ways that a list of sources offers, in order. */
export function attemptsOf(sources: readonly AssetSource[]): Attempt[] {
  return sources.flatMap((source) => {
    switch (source.kind) {
      case 'url':
        return [urlAttempt(source.url)];
      case 'file':
        return [fileAttempt(source.path)];
      case 'debian':
        return debianAttempts(source.package, source.path);
      default:
        return source satisfies never;
    }
  });
}

import type { Digest } from '../../../kernel/digest.ts';

/** What is known of a tag before anybody asks its upstream. */
export type TagKnown = {
  readonly digest: Digest;
  /** For how long nobody asked the upstream; negative where the clock was set back. */
  readonly ageMs: number;
  /** Whether all that it means is here: what is served of it now can be served to its end without the upstream. */
  readonly isComplete: boolean;
};

/** What the upstream says when it is asked for the digest of a tag. */
export type TagSaid =
  | { readonly kind: 'digest'; readonly digest: Digest }
  /** There is no such tag, or not for this site. */
  | { readonly kind: 'unknown' }
  /** No answer, or none that helps. */
  | { readonly kind: 'silent' };

/** Whether the upstream is asked first. */
export function mustAsk(known: TagKnown | undefined, freshMs: number): boolean {
  // A clock that was set back says nothing about the age of what is known.
  return known === undefined || known.ageMs < 0 || known.ageMs >= freshMs;
}

/** What is done with an answer, or the lack of one. */
export type TagAnswer =
  | { readonly kind: 'serve'; readonly digest: Digest; readonly isStale: boolean }
  /** A client with another place to go goes there. */
  | { readonly kind: 'unknown' };

/**
 * What a tag means now. An upstream that is silent leaves what is known in force for any time: a store without WAN starts
 * its tills. But only if all of it is here: whoever was given a manifest asks nobody else for its layers.
 */
export function tagAnswer(known: TagKnown | undefined, said: TagSaid): TagAnswer {
  switch (said.kind) {
    case 'digest':
      return { kind: 'serve', digest: said.digest, isStale: false };
    case 'unknown':
      return { kind: 'unknown' };
    case 'silent':
      return known?.isComplete ? { kind: 'serve', digest: known.digest, isStale: true } : { kind: 'unknown' };
    default:
      return said satisfies never;
  }
}

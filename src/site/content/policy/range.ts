/** Which bytes of an asset to send: `first` and `last` are both included, as in Content-Range. */
export type RangeDecision =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly first: number; readonly last: number }
  | { readonly kind: 'unsatisfiable' };

export type RangeRequest = {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  /** The entity tag of what we have, with its quotes. */
  readonly etag: string;
  readonly sizeBytes: number;
};

const WHOLE: RangeDecision = { kind: 'whole' };

/**
 * Decides on a Range header. Several ranges and headers that we do not understand get the whole file, which RFC 9110
 * section 14.2 allows and every client understands; one that lies outside of it is unsatisfiable.
 */
export function decideRange({ range, ifRange, etag, sizeBytes }: RangeRequest): RangeDecision {
  // RFC 9110 13.1.5: the client holds a part of something else, so it needs all of this.
  if (ifRange !== undefined && ifRange !== etag) return WHOLE;
  const [, firstText = '', lastText = ''] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(range ?? '') ?? [];
  if (firstText === '' && lastText === '') return WHOLE;
  if (firstText === '') return lastBytes(Number(lastText), sizeBytes);
  const first = Number(firstText);
  const last = lastText === '' ? sizeBytes - 1 : Number(lastText);
  if (lastText !== '' && last < first) return WHOLE;
  return first < sizeBytes ? { kind: 'part', first, last: Math.min(last, sizeBytes - 1) } : { kind: 'unsatisfiable' };
}

/** `bytes=-500`: the end of the file, as far as there is one. */
function lastBytes(count: number, sizeBytes: number): RangeDecision {
  if (count === 0 || sizeBytes === 0) return { kind: 'unsatisfiable' };
  return { kind: 'part', first: Math.max(0, sizeBytes - count), last: sizeBytes - 1 };
}

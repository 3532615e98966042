/** Which bytes of how many a 206 carries; `sizeBytes` is left out where the server does not know. */
export type ContentRange = { readonly first: number; readonly last: number; readonly sizeBytes?: number };

/** Reads `bytes 5-9/10` or `bytes 5-9/*`; undefined for anything else, also for ranges that cannot be. RFC 9110 section 14.4. */
export function parseContentRange(text: string): ContentRange | undefined {
  const [, firstText, lastText, sizeText] = /^\s*bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)\s*$/i.exec(text) ?? [];
  const [first, last] = [Number(firstText), Number(lastText)];
  if (firstText === undefined || last < first) return undefined;
  if (sizeText === '*') return { first, last };
  const sizeBytes = Number(sizeText);
  return last < sizeBytes ? { first, last, sizeBytes } : undefined;
}

/** Where a part begins and how long the whole is, each as far as it is said. */
export type ContentRange = { readonly startsAt: number | undefined; readonly sizeBytes: number | undefined };

/**
 * Reads a Content-Range header, RFC 9110 section 14.4: a range or an asterisk, then the size or an asterisk. undefined:
 * there is none, or it is none.
 */
export function readContentRange(header: string | undefined): ContentRange | undefined {
  const [, first, last, unsatisfied, size] = /^\s*bytes\s+(?:(\d+)-(\d+)|(\*))\/(\d+|\*)\s*$/i.exec(header ?? '') ?? [];
  if (size === undefined || (unsatisfied !== undefined && size === '*')) return undefined;
  const sizeBytes = size === '*' ? undefined : Number(size);
  if (unsatisfied !== undefined) return { startsAt: undefined, sizeBytes };
  if (Number(last) < Number(first) || Number(last) >= (sizeBytes ?? Number.POSITIVE_INFINITY)) return undefined;
  return { startsAt: Number(first), sizeBytes };
}

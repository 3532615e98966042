/** Tags in order, as a client asked for them: at most `n`, behind `last`. */
export type TagPage = {
  readonly tags: readonly string[];
  readonly next?: { readonly n: number; readonly last: string };
};

/** One page of tags in lexical order (OCI distribution-spec, "Listing Tags"); `n` of 0 is an empty page without a next one. */
export function pageOfTags(tags: readonly string[], ask: { readonly n?: number; readonly last?: string }): TagPage {
  const { n, last } = ask;
  const sorted = [...tags].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const behind = last === undefined ? sorted : sorted.filter((tag) => tag > last);
  const page = n === undefined ? behind : behind.slice(0, n);
  const end = page.at(-1);
  if (n === undefined || end === undefined || page.length === behind.length) return { tags: page };
  return { tags: page, next: { n, last: end } };
}

/** The value of a `Link` header that leads to the next page. RFC 8288. */
export function formatNextLink(target: string): string {
  return `<${target}>; rel="next"`;
}

const link = /<([^<>]*)>((?:\s*;\s*[\w*!#$&+.^`|~-]+(?:\s*=\s*(?:"[^"]*"|[^\s,;"]+))?)*)/g;

/** Where the next page is, as the header says it: often relative to what was asked. */
export function parseNextLink(header: string): string | undefined {
  for (const [, target, params = ''] of header.matchAll(link)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i.test(params)) return target;
  }
  return undefined;
}

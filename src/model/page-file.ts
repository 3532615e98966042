/** A file of a page, as it is sent. `index.html` is the page; every other name has the digest of the file in it. */
export type PageFile = { readonly name: string; readonly body: Uint8Array };

/** Of the answer with the page: nothing but what its own server sends, nothing written into the page, and in no frame of anybody. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** How long a file may be kept: the page itself is asked for anew, its files have other names when they change. */
export const PAGE_CACHING = { page: 'no-cache', file: 'public, max-age=31536000, immutable' } as const;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** The media type of a file of a page, by its name. */
export function pageFileType(name: string): string {
  return TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}

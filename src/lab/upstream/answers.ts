import { createHmac, timingSafeEqual } from 'node:crypto';
import type { What } from './faults.ts';
import type { MadeBlob } from './made-blob.ts';
import type { Shelf } from './shelf.ts';

/** What a fake registry would say if nothing went wrong. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: MadeBlob;
};

export type Target = { readonly what: What; readonly repository?: string; readonly last?: string };

/** Which part of the distribution-spec a path is of. */
export function targetOf(path: string): Target {
  if (path === '/v2/' || path === '/v2') return { what: 'ping' };
  if (path === '/token') return { what: 'token' };
  const [, repository, tags, word, last] =
    /^\/v2\/(.+)\/(?:(tags\/list)|(manifests|blobs|referrers)\/([^/]+))$/.exec(path) ?? [];
  if (repository === undefined) return { what: 'other' };
  if (tags !== undefined) return { what: 'tags', repository };
  const what = ({ manifests: 'manifest', blobs: 'blob', referrers: 'referrers' } as const)[word ?? ''] ?? 'other';
  return { what, repository, last: decodeURIComponent(last ?? '') };
}

/** The error of the spec, as a body. */
export function failure(
  status: number,
  code: string,
  message = 'so it was wanted',
): Answer & { readonly text: string } {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    text: JSON.stringify({ errors: [{ code, message }] }),
  };
}

export function manifestAnswer(shelf: Shelf, { repository = '', last = '' }: Target): Answer | undefined {
  const body = shelf.manifest(repository, last);
  return (
    body && { status: 200, headers: { 'content-type': body.mediaType, 'docker-content-digest': body.digest }, body }
  );
}

export function blobAnswer(shelf: Shelf, { repository = '', last = '' }: Target): Answer | undefined {
  const body = shelf.blob(repository, last);
  return body && { status: 200, headers: octets(body), body };
}

export function referrersAnswer(shelf: Shelf, { repository = '', last = '' }: Target): Answer | undefined {
  const body = shelf.referrers(repository, last);
  return body && { status: 200, headers: { 'content-type': body.mediaType }, body };
}

/** Tags with `n` and `last`, as the spec has them; `most` is what this registry gives at once though it was asked for more. */
export function tagsAnswer(shelf: Shelf, { repository = '' }: Target, url: URL, most: number) {
  const tags = shelf.tags(repository);
  if (!tags) return undefined;
  const last = url.searchParams.get('last');
  const behind = tags.filter((tag) => last === null || tag > last);
  const page = behind.slice(0, Math.min(most, Number(url.searchParams.get('n') ?? most)));
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const end = page.at(-1);
  if (page.length < behind.length && end !== undefined)
    headers['link'] = `</v2/${repository}/tags/list?n=${page.length}&last=${encodeURIComponent(end)}>; rel="next"`;
  return { status: 200, headers, text: JSON.stringify({ name: repository, tags: page }) };
}

export function contentAnswer(shelf: Shelf, url: URL, secret: string): (Answer & { text?: string }) | undefined {
  const digest = decodeURIComponent(url.pathname.slice('/content/'.length));
  const until = url.searchParams.get('until') ?? '';
  if (!isSigned(url.searchParams.get('signature') ?? '', digest, until, secret) || Number(until) <= Date.now())
    return failure(403, 'DENIED', 'the signature of this address is over');
  const body = shelf.anyBlob(digest);
  return body && { status: 200, headers: octets(body), body };
}

/** An address at the second origin that is good for a while, as content networks have them. */
export function signedAddress(origin: string, digest: string, forMs: number, secret: string): string {
  const until = String(Date.now() + forMs);
  const query = new URLSearchParams({ until, signature: signatureOf(digest, until, secret) });
  return `${origin}/content/${encodeURIComponent(digest)}?${query}`;
}

function isSigned(signature: string, digest: string, until: string, secret: string): boolean {
  const [given, right] = [Buffer.from(signature), Buffer.from(signatureOf(digest, until, secret))];
  return given.length === right.length && timingSafeEqual(given, right);
}

function signatureOf(digest: string, until: string, secret: string): string {
  return createHmac('sha256', secret).update(`${digest} ${until}`).digest('hex');
}

function octets(body: MadeBlob): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'docker-content-digest': body.digest,
    'accept-ranges': 'bytes',
  };
}

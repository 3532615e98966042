import type { Digest } from '../../kernel/digest.ts';
import { formatOciDigest, type Reference, type Repository } from '../../kernel/image-name.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { Call, Caller, Reply } from './caller.ts';
import type { Descriptor } from './codec/manifest.ts';
import { OCI_INDEX } from './codec/media-types.ts';
import { parseNextLink } from './codec/pages.ts';
import { parseReferrers, referrersTag } from './codec/referrers.ts';
import { parseTags } from './codec/tags.ts';
import { readBody } from './exchange.ts';
import { failureOf, wrong } from './failures.ts';
import type { FetchedManifest } from './upstream-port.ts';

/** Of all pages together: a site has little memory, and any client may ask for a list. */
const MOST_BYTES = 8 * 1024 * 1024;
const BODY_MS = 30_000;
const TAGS_AT_ONCE = 1_000;
/** A registry whose pages never end is cut off; so many tags are nobody's plan. */
const MOST_PAGES = 100;

export type ListPorts = {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly callOf: (
    method: Call['method'],
    repository: Repository,
    rest: string,
    signal: AbortSignal,
    headers?: Call['headers'],
  ) => Call;
  readonly fetchManifest: (
    repository: Repository,
    reference: Reference,
    signal: AbortSignal,
  ) => Promise<FetchedManifest>;
};

/** What comes in pages: the tags of a repository, and what refers to a manifest. */
export function createLists({ caller, clock, callOf, fetchManifest }: ListPorts) {
  /** All pages, from the first address on; each is read by `read`, which says undefined if it is none. */
  async function pages<T>(first: Call, read: (text: string) => readonly T[] | undefined): Promise<readonly T[]> {
    const all: T[] = [];
    let call = first;
    let leftBytes = MOST_BYTES;
    for (let page = 0; page < MOST_PAGES; page++) {
      const reply = await caller.call(call);
      const body = await readBody(reply.response, { maxBytes: leftBytes, mostMs: BODY_MS }, clock);
      leftBytes -= body.length;
      const items = read(Buffer.from(body).toString());
      if (!items) throw wrong('sends a list that cannot be read');
      // One by one: as arguments of a call a large page would not fit onto the stack.
      for (const item of items) all.push(item);
      const url = nextOf(reply, call.url);
      if (!url) return all;
      call = { ...call, url };
    }
    throw wrong(`sends a list of more than ${MOST_PAGES} pages`);
  }

  async function tags(repository: Repository, signal: AbortSignal): Promise<readonly string[]> {
    const call = callOf('GET', repository, 'tags/list', signal);
    call.url.searchParams.set('n', String(TAGS_AT_ONCE));
    return await pages(call, parseTags);
  }

  async function referrers(
    repository: Repository,
    subject: Digest,
    signal: AbortSignal,
  ): Promise<readonly Descriptor[]> {
    const call = callOf('GET', repository, `referrers/${formatOciDigest(subject)}`, signal, { accept: OCI_INDEX });
    try {
      return await pages(call, parseReferrers);
    } catch (thrown) {
      // Whoever has the API always says 200: OCI distribution-spec, "Unavailable Referrers API".
      const { kind } = failureOf(thrown);
      if (kind !== 'unknown' && kind !== 'wrong') throw thrown;
      return await standIn(repository, subject, signal);
    }
  }

  async function standIn(repository: Repository, subject: Digest, signal: AbortSignal): Promise<readonly Descriptor[]> {
    try {
      const { manifest } = await fetchManifest(repository, { kind: 'tag', tag: referrersTag(subject) }, signal);
      return manifest.kind === 'index' ? manifest.manifests : [];
    } catch (thrown) {
      if (failureOf(thrown).kind === 'unknown') return [];
      throw thrown;
    }
  }

  return { tags, referrers };
}

/** The next page is the registry's own, whatever it says: an address elsewhere is not followed. */
function nextOf({ response }: Reply, from: URL): URL | undefined {
  const { link } = response.headers;
  const target = parseNextLink(Array.isArray(link) ? link.join(', ') : (link ?? ''));
  const url = target === undefined ? undefined : URL.parse(target, from.href);
  return url?.origin === from.origin ? url : undefined;
}

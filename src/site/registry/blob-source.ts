import type { Digest } from '../../kernel/digest.ts';
import { formatOciDigest, type Repository } from '../../kernel/image-name.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { BlobDelivery, BlobRequest, BlobSource } from '../../model/content.ts';
import type { Caller, Reply } from './caller.ts';
import { parseContentRange } from './codec/content-range.ts';
import { bodyOf } from './exchange.ts';
import { errorOf, failureOf, wrong } from './failures.ts';

export type BlobPlace = {
  /** For people: the registry and the repository. */
  readonly label: string;
  /** The registry's own address of the blob. What it redirects to is asked for anew each time, since such addresses expire. */
  readonly url: URL;
  readonly repository: Repository;
  readonly digest: Digest;
};

/** The store's signal is Node's. */
type NodeRequest = BlobRequest & { readonly signal: AbortSignal };

/** A blob of an upstream, from any byte on. Nothing that comes is trusted: the store counts and hashes. */
export function createBlobSource(place: BlobPlace, caller: Caller, clock: Clock): BlobSource {
  async function deliver({ fromByte, stallMs, signal }: NodeRequest): Promise<BlobDelivery> {
    // RFC 9110 section 14.2; a range from the first byte on would only give servers a chance to do it wrong.
    const headers: Record<string, string> = fromByte > 0 ? { range: `bytes=${fromByte}-` } : {};
    const { url, repository } = place;
    try {
      const reply = await caller.call({ method: 'GET', url, repository, headers, headersMs: stallMs, signal });
      const delivered = placeOf(reply, fromByte);
      return { ...delivered, chunks: bodyOf(reply.response, stallMs, clock) };
    } catch (thrown) {
      throw errorOf(failureOf(thrown), place.label);
    }
  }

  return { label: `${place.label} ${formatOciDigest(place.digest)}`, deliver };
}

/** Where the bytes of an answer belong, and how many the whole has. */
function placeOf({ response, status }: Reply, fromByte: number): Omit<BlobDelivery, 'chunks'> {
  if (status === 200) {
    const sizeBytes = Number(response.headers['content-length']);
    return Number.isSafeInteger(sizeBytes) ? { startsAt: 0, sizeBytes } : { startsAt: 0 };
  }
  const range = parseContentRange(response.headers['content-range'] ?? '');
  // RFC 9110 section 15.3.7: what a 206 carries is what it says, not what was asked for.
  if (!range || range.first !== fromByte || fromByte === 0) {
    response.destroy();
    throw wrong('sends another part than it was asked for');
  }
  return { startsAt: fromByte, ...(range.sizeBytes === undefined ? {} : { sizeBytes: range.sizeBytes }) };
}

import type { Digest } from '../../kernel/digest.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { SiteLinkHandler } from '../../wire/link/handlers.ts';
import { Refusal } from '../../wire/link/refusals.ts';

/** A quarter of what a body may have. */
const MOST_CHUNK_BYTES = 1024 * 1024;

/** Answers Fetch: a piece of a bundle, and only of one that was made for the site that asks. */
export function createFetch(store: HubStore): SiteLinkHandler<'fetch'> {
  return async ({ site }, { digest, offset, maxBytes }) => {
    const name = Buffer.from(digest).toString('hex') as Digest;
    const bytes = await store.read(async (tx) => ((await isOf(tx, site, name)) ? tx.blob(name) : undefined));
    if (!bytes) throw new Refusal('bundle-unknown', `there is no bundle ${name.slice(0, 12)} for site ${site}`);
    const from = Number(offset);
    const length = Math.min(maxBytes === 0 ? MOST_CHUNK_BYTES : maxBytes, MOST_CHUNK_BYTES);
    return { chunk: bytes.subarray(from, from + length), sizeBytes: BigInt(bytes.length) };
  };
}

async function isOf(tx: HubTx, site: string, bundle: Digest): Promise<boolean> {
  if ((await tx.get('desired', site))?.bundle === bundle) return true;
  return (await tx.list('revisions', { prefix: `${site}/` })).some(({ row }) => row.bundle === bundle);
}

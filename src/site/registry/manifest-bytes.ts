import type { Digest } from '../../kernel/digest.ts';
import { formatOciDigest } from '../../kernel/image-name.ts';
import type { BlobSource, ContentStore, FillPriority } from '../../model/content.ts';
import { readWhole } from './read-whole.ts';

/** Larger ones no upstream gives us. */
const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

/** Puts the bytes of a manifest into the store; they are there when this resolves. Rejects as `ContentStore.follow` does. */
export async function storeManifest(
  content: Pick<ContentStore, 'follow'>,
  digest: Digest,
  bytes: Uint8Array,
  priority: FillPriority,
): Promise<void> {
  const source: BlobSource = {
    label: 'its upstream',
    deliver: () => Promise.resolve({ startsAt: 0, sizeBytes: bytes.length, chunks: once(bytes) }),
  };
  const asset = await content.follow({
    ...{ digest, name: `manifest ${formatOciDigest(digest).slice(0, 19)}`, sizeBytes: bytes.length, priority },
    sources: [source],
  });
  await readWhole(asset);
}

/** The bytes of a manifest as they came; undefined if they are not here. */
export async function readManifest(
  content: Pick<ContentStore, 'open'>,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  const asset = await content.open(digest);
  if (!asset || asset.sizeBytes > MAX_MANIFEST_BYTES) {
    await asset?.close();
    return undefined;
  }
  return readWhole(asset);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

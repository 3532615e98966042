import type { Digest } from '../../../kernel/digest.ts';
import type { KnownManifest, KnownRepository } from './known.ts';

/**
 * Whether an image can be served to its end with what is here. An index counts as here with one whole image in it: a
 * client takes one platform, and sites keep only theirs.
 * @param isStored whether the bytes of a digest are complete here
 */
export function isHere(
  repository: Pick<KnownRepository, 'manifests'>,
  digest: Digest,
  isStored: (digest: Digest) => boolean,
): boolean {
  const manifest = repository.manifests.get(digest);
  if (!manifest || !isStored(digest)) return false;
  const whole = (one: KnownManifest): boolean => one.parts.every((part) => isStored(part.digest));
  const images = manifest.parts.filter(({ kind }) => kind === 'manifest');
  if (images.length === 0) return whole(manifest);
  return images.some((image) => {
    const known = repository.manifests.get(image.digest);
    return known !== undefined && isStored(image.digest) && whole(known);
  });
}

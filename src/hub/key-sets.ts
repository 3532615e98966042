import { readText } from '../adapters/node/files.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import { releaseKeyId, verifyRelease } from '../adapters/node/release-keys.ts';
import { AppError } from '../kernel/errors.ts';
import type { ReleaseCrypto } from '../wire/link/release-trust.ts';
import type { RevisionsDeps } from './revisions/revisions.ts';

export const releaseCrypto: ReleaseCrypto = { sha256: sha256OfText, verify: verifyRelease, keyId: releaseKeyId };

/**
 * Reads the files that `releaseKeys` of the hub file names.
 * @throws AppError `config-invalid` if there is none of that name
 */
export async function readKeySetFiles(paths: readonly string[]): Promise<RevisionsDeps['keySetFiles']> {
  const files: { path: string; text: string }[] = [];
  for (const path of paths) {
    const text = await readText(path);
    if (text === undefined)
      throw new AppError('config-invalid', `${path}, named in releaseKeys: there is no such file`);
    files.push({ path, text });
  }
  return files;
}

import type { Digest } from '../../../kernel/digest.ts';
import { parseOciDigest, parseReference, type Reference } from '../../../kernel/image-name.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';
import type { OciError } from './errors.ts';

/** What a request under `/v2/` is for. `name` is as it came: whether its first part is a registry is decided later. */
export type RegistryPath =
  | { readonly kind: 'ping' }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: Reference }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: Digest };

/** Repositories may have such words in their names, so the last of them is what counts. */
const route = /^\/v2\/(.+)\/(?:(manifests|blobs|referrers)\/([^/]+)|(tags)\/list)$/;

/** Reads the path of a request, without its query; a digest of another algorithm than sha256 is of something we never have. */
export function parseRegistryPath(path: string): Result<RegistryPath, OciError> {
  if (path === '/v2' || path === '/v2/') return ok({ kind: 'ping' });
  // The greedy first group finds the last word.
  const [, rawName, kind, rawReference = '', tags] = route.exec(path) ?? [];
  if (rawName === undefined) return err({ code: 'UNSUPPORTED', message: 'nothing that can be pulled has this path' });
  const name = decode(rawName);
  const text = decode(rawReference);
  if (name === undefined || text === undefined)
    return err({ code: 'NAME_INVALID', message: 'the path has a percent sign that stands for nothing' });
  if (tags) return ok({ kind: 'tags', name });
  return kind === 'manifests'
    ? manifestPath(name, text)
    : digestPath(kind === 'blobs' ? 'blob' : 'referrers', name, text);
}

function manifestPath(name: string, text: string): Result<RegistryPath, OciError> {
  const reference = parseReference(text);
  if (reference) return ok({ kind: 'manifest', name, reference });
  if (text.includes(':')) return err(badDigest(text, 'MANIFEST_UNKNOWN'));
  return err({ code: 'MANIFEST_UNKNOWN', message: 'this is neither a tag nor a digest' });
}

function digestPath(kind: 'blob' | 'referrers', name: string, text: string): Result<RegistryPath, OciError> {
  const digest = parseOciDigest(text);
  return digest ? ok({ kind, name, digest }) : err(badDigest(text, 'BLOB_UNKNOWN'));
}

/** The spec allows sha512: such a name is right, and here it is of something unknown. */
function badDigest(text: string, unknown: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN'): OciError {
  if (/^sha512:[0-9a-f]{128}$/.test(text)) return { code: unknown, message: 'only sha256 is kept here' };
  return { code: 'DIGEST_INVALID', message: 'a digest is sha256: and 64 hex digits' };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

import { type Digest, parseDigest } from '../../../kernel/digest.ts';
import {
  formatImageReference,
  formatOciDigest,
  formatReference,
  type ImageReference,
  isUpstreamSegment,
  parseImageReference,
  parseRepository,
  parseTag,
  parseUpstreamName,
  type Reference,
  repositoryOf,
} from '../../../kernel/image-name.ts';
import type { Descriptor } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';

/** What lies at a path of an archive of images. */
export type ArchivePlace =
  | { readonly kind: 'layout' }
  | { readonly kind: 'index' }
  | { readonly kind: 'blob'; readonly digest: Digest }
  /** Of Talos' image cache. */
  | { readonly kind: 'manifest'; readonly image: ImageReference }
  | { readonly kind: 'other' };

/**
 * Reads a path of an OCI image layout (image-spec, image-layout.md), or of Talos' flat image cache:
 *
 *     oci-layout  index.json  blobs/sha256/<hex>
 *     blob/sha256-<hex>  manifests/<host>[_<port>_]/<repository>/reference/<tag>  …/digest/sha256-<hex>
 *
 * A path is read and never followed. undefined: it leads out of its archive, as no honest one does.
 */
export function parseArchivePath(text: string): ArchivePlace | undefined {
  const path = text.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
  const parts = path.split('/');
  if (path.startsWith('/') || /[\\\0]/.test(path) || parts.includes('..')) return undefined;
  if (path === 'oci-layout') return { kind: 'layout' };
  if (path === 'index.json') return { kind: 'index' };
  const hex = /^(?:blobs\/sha256\/|blob\/sha256[-:])([0-9a-f]{64})$/.exec(path)?.[1];
  const digest = hex === undefined ? undefined : parseDigest(hex);
  if (digest) return { kind: 'blob', digest };
  const image = parts[0] === 'manifests' ? talosImage(parts.slice(1)) : undefined;
  return image ? { kind: 'manifest', image } : { kind: 'other' };
}

function talosImage(parts: readonly string[]): ImageReference | undefined {
  const [host = '', ...rest] = parts;
  const [how, last = ''] = rest.splice(-2);
  const upstream = parseUpstreamName(host.replace(/_(\d{1,5})_$/, ':$1'));
  const repository = parseRepository(rest.join('/'));
  const reference = how === undefined ? undefined : talosReference(how, last);
  return upstream && repository && reference ? { ...repositoryOf(upstream, repository), reference } : undefined;
}

function talosReference(how: string, text: string): Reference | undefined {
  const tag = how === 'reference' ? parseTag(text) : undefined;
  if (tag) return { kind: 'tag', tag };
  const digest = how === 'digest' ? parseDigest(text.replace(/^sha256[-:]/, '')) : undefined;
  return digest && { kind: 'digest', digest };
}

/** Where a blob lies in Talos' flat image cache. */
export function talosBlobPath(digest: Digest): string {
  return `blob/sha256-${digest}`;
}

/** Where a manifest lies there; a tag has a copy of it. */
export function talosManifestPath({ upstream, repository, reference }: ImageReference): string {
  const host = upstream.replace(/:(\d+)$/, '_$1_');
  const place = reference.kind === 'tag' ? `reference/${reference.tag}` : `digest/sha256-${reference.digest}`;
  return `manifests/${host}/${repository}/${place}`;
}

export function ociBlobPath(digest: Digest): string {
  return `blobs/sha256/${digest}`;
}

/** `oci-layout`, the file. */
export const OCI_LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** Whether the text of `oci-layout` is of a version that is read here. */
export function isOciLayout(text: string): boolean {
  return /"imageLayoutVersion"\s*:\s*"1\./.test(text);
}

/** An image of an archive, under its full name. */
export type NamedManifest = { readonly image: ImageReference; readonly descriptor: Descriptor };

/** skopeo and podman choose by the first of them, `ctr images import` calls an image by the second. */
const REF_NAME = 'org.opencontainers.image.ref.name';
const CONTAINERD_NAME = 'io.containerd.image.name';

/** The text of an `index.json`. */
export function formatArchiveIndex(manifests: readonly NamedManifest[]): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: manifests.map(({ image, descriptor: { mediaType, digest, sizeBytes } }) => {
      const name = formatImageReference(image);
      const annotations = { [REF_NAME]: name, [CONTAINERD_NAME]: name };
      return { mediaType, digest: formatOciDigest(digest), size: sizeBytes, annotations };
    }),
  });
}

/** The full name of an entry of an `index.json`; undefined: it has none, or only a tag. */
export function nameInArchive({ annotations = {} }: Descriptor): ImageReference | undefined {
  const names = [annotations[CONTAINERD_NAME], annotations[REF_NAME]];
  const full = names.find((name) => name?.includes('/') && isUpstreamSegment(name.slice(0, name.indexOf('/'))));
  return full === undefined ? undefined : parseImageReference(full);
}

/** For people: what an entry without a full name calls itself. */
export function labelInArchive({ annotations = {}, digest }: Descriptor): string {
  return annotations[REF_NAME] ?? formatReference({ kind: 'digest', digest });
}

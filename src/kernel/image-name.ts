import type { Brand } from './brand.ts';
import { type Digest, parseDigest } from './digest.ts';

/** A registry by the host that image names have, in lower case: `docker.io`, `registry.example.com:5000`. */
export type UpstreamName = Brand<string, 'UpstreamName'>;

/** The name of a repository inside its registry: `pos/app`, `library/debian`. */
export type Repository = Brand<string, 'Repository'>;

export type Tag = Brand<string, 'Tag'>;

export type RepositoryKey = { readonly upstream: UpstreamName; readonly repository: Repository };

export type Reference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest };

export type ImageReference = RepositoryKey & { readonly reference: Reference };

export const DOCKER_HUB = 'docker.io' as UpstreamName;

/** All names under which clients and people know Docker Hub; containerd says `docker.io`, what it connects to is another. */
const DOCKER_HUB_NAMES: readonly string[] = [
  DOCKER_HUB,
  'index.docker.io',
  'registry-1.docker.io',
  'registry.docker.io',
];

const host = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/;
// OCI distribution-spec, "Pulling manifests".
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repository = new RegExp(`^${component}(?:/${component})*$`);
const tag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

const LONGEST_HOST = 261;
const LONGEST_REPOSITORY = 255;

/** Reads a host with an optional port, as image names and `?ns=` have it; the names of Docker Hub become one. */
export function parseUpstreamName(text: string): UpstreamName | undefined {
  const name = text.toLowerCase();
  if (name.length > LONGEST_HOST || !host.test(name)) return undefined;
  return DOCKER_HUB_NAMES.includes(name) ? DOCKER_HUB : (name as UpstreamName);
}

/** Reads a repository name of the OCI distribution-spec; undefined for anything else. */
export function parseRepository(text: string): Repository | undefined {
  return text.length <= LONGEST_REPOSITORY && repository.test(text) ? (text as Repository) : undefined;
}

export function parseTag(text: string): Tag | undefined {
  return tag.test(text) ? (text as Tag) : undefined;
}

/** Reads `sha256:<64 hex digits>`; the bare hex, which other places take, is no reference. */
export function parseOciDigest(text: string): Digest | undefined {
  return text.startsWith('sha256:') ? parseDigest(text) : undefined;
}

/** A digest as manifests, headers and paths have it. */
export function formatOciDigest(digest: Digest): string {
  return `sha256:${digest}`;
}

/** Reads what follows `/manifests/`: a digest if there is a colon, else a tag. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseOciDigest(text);
    return digest && { kind: 'digest', digest };
  }
  const known = parseTag(text);
  return known && { kind: 'tag', tag: known };
}

export function formatReference(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : formatOciDigest(reference.digest);
}

/** Whether the first part of an image name is a registry, and not the first part of a repository of Docker Hub. */
export function isUpstreamSegment(segment: string): boolean {
  return /[.:]/.test(segment) || segment === 'localhost';
}

/** One-segment names of Docker Hub are of its `library`: `debian` is `library/debian` there, and nowhere else. */
export function repositoryOf(upstream: UpstreamName, name: Repository): RepositoryKey {
  const isShort = upstream === DOCKER_HUB && !name.includes('/');
  return { upstream, repository: isShort ? (`library/${name}` as Repository) : name };
}

/**
 * Reads an image name as people write it: `[host[:port]/]repository[:tag][@sha256:…]`. Without a host it is of Docker Hub,
 * without a tag it is `latest`; where both a tag and a digest stand, the digest says what is meant.
 */
export function parseImageReference(text: string): ImageReference | undefined {
  const [named = '', digestText, more] = text.split('@');
  if (more !== undefined) return undefined;
  const slash = named.indexOf('/');
  const hasUpstream = slash > 0 && isUpstreamSegment(named.slice(0, slash));
  const upstream = hasUpstream ? parseUpstreamName(named.slice(0, slash)) : DOCKER_HUB;
  const [path = '', tagText, extra] = (hasUpstream ? named.slice(slash + 1) : named).split(':');
  const name = parseRepository(path);
  const known = parseTag(tagText ?? 'latest');
  if (!upstream || !name || !known || extra !== undefined) return undefined;
  const digest = digestText === undefined ? undefined : parseOciDigest(digestText);
  if (digestText !== undefined && digest === undefined) return undefined;
  const reference: Reference = digest ? { kind: 'digest', digest } : { kind: 'tag', tag: known };
  return { ...repositoryOf(upstream, name), reference };
}

/** The full name: `docker.io/library/debian:12`, `registry.example.com/pos/app@sha256:…`. */
export function formatImageReference({ upstream, repository: name, reference }: ImageReference): string {
  return `${upstream}/${name}${reference.kind === 'tag' ? ':' : '@'}${formatReference(reference)}`;
}

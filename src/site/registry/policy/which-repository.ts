import {
  DOCKER_HUB,
  isUpstreamSegment,
  parseRepository,
  parseUpstreamName,
  type RepositoryKey,
  repositoryOf,
  type UpstreamName,
} from '../../../kernel/image-name.ts';
import { matchesPattern } from '../../../kernel/pattern.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';
import type { Upstream } from '../../../model/images.ts';
import type { OciError } from '../codec/errors.ts';

/** A repository that this site mirrors, and the rules of its registry. */
export type Mirrored = { readonly key: RepositoryKey; readonly upstream: Upstream };

/**
 * Which repository of which registry a request means. containerd and Talos say the registry by `?ns=`, podman and CRI-O as
 * the first part of the name, dockerd not at all. The world is closed: what the template does not name does not exist, so
 * that nobody can send the site anywhere.
 * @param name as it stands in the path
 * @param ns the value of `?ns=`
 */
export function whichRepository(
  name: string,
  ns: string | undefined,
  upstreams: readonly Upstream[],
): Result<Mirrored, OciError> {
  const repository = parseRepository(name.slice(prefixOf(name, ns).length));
  if (!repository) return err({ code: 'NAME_INVALID', message: 'this is no name of a repository' });
  const upstream = upstreamOf(name, ns, upstreams);
  if (!upstream) return err({ code: 'NAME_UNKNOWN', message: 'this site mirrors no such registry' });
  const key = repositoryOf(upstream.name, repository);
  const isNamed = upstream.repositories.some((pattern) => matchesPattern(pattern, key.repository));
  if (!isNamed) return err({ code: 'NAME_UNKNOWN', message: `this site does not mirror ${key.repository}` });
  return ok({ key, upstream });
}

function upstreamOf(name: string, ns: string | undefined, upstreams: readonly Upstream[]): Upstream | undefined {
  const prefix = prefixOf(name, ns);
  const said = ns ?? (prefix === '' ? undefined : prefix.slice(0, -1).replace(/_(\d{1,5})$/, ':$1'));
  if (said === undefined) return defaultUpstream(upstreams);
  const wanted = parseUpstreamName(said);
  return upstreams.find((one) => one.name === wanted);
}

/** `quay.io/` of `quay.io/org/app`; empty if the name has no registry in it, or `ns` says it. */
function prefixOf(name: string, ns: string | undefined): string {
  const slash = name.indexOf('/');
  return ns === undefined && slash > 0 && isUpstreamSegment(name.slice(0, slash)) ? name.slice(0, slash + 1) : '';
}

/** The registry that is meant where a client names none. */
export function defaultUpstream<T extends Pick<Upstream, 'name' | 'isDefault'>>(
  upstreams: readonly T[],
): T | undefined {
  return upstreams.find((one) => one.isDefault) ?? upstreams.find((one) => one.name === DOCKER_HUB);
}

/**
 * A registry as the first part of a name behind the mirror: `registry.example.com_5443` for a host with a port, since
 * clients take no colon there. No host has an underscore.
 */
export function prefixFor(name: UpstreamName): string {
  return name.replace(/:(\d+)$/, '_$1');
}

import { createHash } from 'node:crypto';
import type { Digest } from '../../kernel/digest.ts';
import {
  formatOciDigest,
  formatReference,
  parseOciDigest,
  parseUpstreamName,
  type Reference,
  type Repository,
} from '../../kernel/image-name.ts';
import type { Clock, Log, Random } from '../../kernel/ports.ts';
import type { Upstream } from '../../model/images.ts';
import { createReach, createResolver, type ResolveHost } from './addresses.ts';
import { type Credentials, createAuthorizer } from './authorizer.ts';
import { createBlobSource } from './blob-source.ts';
import { answered, bounded } from './bounded.ts';
import { type Call, createCaller, type Reply } from './caller.ts';
import { parseManifest } from './codec/manifest.ts';
import { ACCEPT_MANIFESTS } from './codec/media-types.ts';
import { createExchange, readBody } from './exchange.ts';
import { failureOf, wrong } from './failures.ts';
import { createLists } from './lists.ts';
import type { FetchedManifest, ManifestHead, UpstreamRegistry } from './upstream-port.ts';

/** What the template says of it; a path in `url` is put before each repository. */
export type UpstreamSettings = Pick<Upstream, 'name' | 'url' | 'tokenHosts' | 'ca'>;

export type UpstreamPorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Asked each time that they are needed, so that a changed secret is used at once. */
  readonly credentials?: () => Promise<Credentials | undefined>;
  readonly resolve?: ResolveHost;
};

/** A manifest has to be in memory as a whole; registries are asked to take at least 4 MiB. */
const MOST_MANIFEST_BYTES = 8 * 1024 * 1024;
/** A client that looks for a tag waits behind this. */
const HEAD_MS = 2_000;
const HEADERS_MS = 10_000;
const BODY_MS = 30_000;

/** A registry that this site pulls from, over HTTP. */
export function createUpstream(settings: UpstreamSettings, ports: UpstreamPorts): UpstreamRegistry {
  const { clock } = ports;
  const { name, tokenHosts, ca } = settings;
  const registry = new URL(settings.url);
  const exchange = createExchange({
    clock,
    resolve: ports.resolve ?? createResolver(clock),
    ...(ca === undefined ? {} : { ca }),
  });
  const reach = createReach();
  const { credentials = async () => undefined } = ports;
  const authorizer = createAuthorizer({ clock, exchange, registry, tokenHosts, credentials, reach });
  const caller = createCaller({ ...ports, name, registry, exchange, authorizer, reach });

  function addressOf(repository: Repository, rest: string): URL {
    const base = registry.pathname.replace(/^\/+|\/+$/g, '');
    const url = new URL(`/v2/${base === '' ? '' : `${base}/`}${repository}/${rest}`, registry);
    // Another mirror stands in for the registry: it is told which one, as containerd does.
    if (parseUpstreamName(registry.host) !== name) url.searchParams.set('ns', name);
    return url;
  }

  const callOf = (
    method: Call['method'],
    repository: Repository,
    rest: string,
    signal: AbortSignal,
    headers = {},
  ): Call => ({
    method,
    repository,
    url: addressOf(repository, rest),
    headers,
    signal,
    headersMs: HEADERS_MS,
  });

  const manifestCall = (method: Call['method'], repository: Repository, reference: Reference, signal: AbortSignal) =>
    callOf(method, repository, `manifests/${formatReference(reference)}`, signal, { accept: ACCEPT_MANIFESTS });

  async function fetchManifest(
    repository: Repository,
    reference: Reference,
    signal: AbortSignal,
  ): Promise<FetchedManifest> {
    const reply = await caller.call(manifestCall('GET', repository, reference, signal));
    const bytes = await readBody(reply.response, { maxBytes: MOST_MANIFEST_BYTES, mostMs: BODY_MS }, clock);
    return checkManifest(bytes, reference, reply);
  }

  async function fetchHead(repository: Repository, reference: Reference, signal: AbortSignal): Promise<ManifestHead> {
    const digest = await caller.call(manifestCall('HEAD', repository, reference, signal)).then(digestOf, (thrown) => {
      // 405 and the like: a registry that does not know HEAD.
      if (failureOf(thrown).kind === 'wrong') return undefined;
      throw thrown;
    });
    if (digest) return { digest };
    const fetched = await fetchManifest(repository, reference, signal);
    return { digest: fetched.digest, fetched };
  }

  const lists = createLists({ caller, clock, callOf, fetchManifest });

  return {
    name,
    head: (repository, reference, ask) =>
      bounded({ ...ask, mostMs: HEAD_MS, clock }, (signal) => fetchHead(repository, reference, signal)),
    manifest: (repository, reference, ask) => answered(ask, (signal) => fetchManifest(repository, reference, signal)),
    headBlob: (repository, digest, ask) =>
      bounded({ ...ask, mostMs: HEAD_MS, clock }, async (signal) => {
        const { response } = await caller.call(callOf('HEAD', repository, `blobs/${formatOciDigest(digest)}`, signal));
        response.resume();
        const length = response.headers['content-length'];
        return length !== undefined && /^\d{1,15}$/.test(length) ? { sizeBytes: Number(length) } : {};
      }),
    tags: (repository, ask) => answered(ask, (signal) => lists.tags(repository, signal)),
    referrers: (repository, subject, ask) => answered(ask, (signal) => lists.referrers(repository, subject, signal)),
    blobSource: (repository, digest) => {
      const url = addressOf(repository, `blobs/${formatOciDigest(digest)}`);
      return createBlobSource({ label: `${name}/${repository}`, url, repository, digest }, caller, clock);
    },
    quota: caller.quota,
    isAway: caller.isAway,
    close: exchange.close,
  };
}

function digestOf({ response }: Reply): Digest | undefined {
  response.resume();
  return parseOciDigest(String(response.headers['docker-content-digest'] ?? ''));
}

/** A manifest is believed when its bytes have the digest that was asked for, or that the registry names. */
function checkManifest(bytes: Uint8Array, reference: Reference, { response: { headers } }: Reply): FetchedManifest {
  const digest = createHash('sha256').update(bytes).digest('hex') as Digest;
  const named = parseOciDigest(String(headers['docker-content-digest'] ?? ''));
  const expected = reference.kind === 'digest' ? reference.digest : named;
  if (expected !== undefined && expected !== digest)
    throw wrong(`sends a manifest of sha256 ${digest}, not ${expected}`);
  const manifest = parseManifest(Buffer.from(bytes).toString(), headers['content-type']);
  if (!manifest.ok) throw wrong(`sends a manifest that ${manifest.error}`);
  return { digest, mediaType: manifest.value.mediaType, bytes, manifest: manifest.value };
}

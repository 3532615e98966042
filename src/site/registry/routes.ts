import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import { formatOciDigest } from '../../kernel/image-name.ts';
import type { Log } from '../../kernel/ports.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { OpenAsset } from '../../model/content.ts';
import type { Images, Upstream } from '../../model/images.ts';
import { formatErrorBody, type OciError, statusOf } from './codec/errors.ts';
import { OCI_INDEX } from './codec/media-types.ts';
import { formatNextLink, pageOfTags } from './codec/pages.ts';
import { parseRegistryPath, type RegistryPath } from './codec/path.ts';
import { formatReferrers, onlyOfType } from './codec/referrers.ts';
import type { ImageMeter } from './meter.ts';
import type { Mirror } from './mirror.ts';
import { type Mirrored, whichRepository } from './policy/which-repository.ts';
import type { AskedManifest } from './pulls.ts';

export type RegistryRouteDeps = {
  readonly mirror: Mirror;
  /** What the revision in force says; undefined: nothing is mirrored here. */
  readonly images: () => Images | undefined;
  /** Whether whoever asks may read what comes from a registry; else why not. */
  readonly mayPull: (upstream: Upstream, request: FastifyRequest) => Promise<Result<void, string>>;
  readonly send: SendBytes;
  /** Hears of each manifest that a client asked for and got. */
  readonly onManifest: (asked: AskedManifest) => void;
  readonly meter: ImageMeter;
  readonly log: Log;
};

/** Sends bytes with Range, HEAD and Content-Length, and closes them; a body that cannot be ended is cut off. */
export type SendBytes = (
  asset: OpenAsset,
  file: { readonly digest: Digest; readonly name: string; readonly headers: Readonly<Record<string, string>> } & Pick<
    ReturnType<ImageMeter['answer']>,
    'onSent'
  >,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<void>;

/**
 * `GET|HEAD /v2/…`: the OCI distribution-spec v1.1 for those who pull, with `?ns=` of its main branch. Never compressed,
 * chunked or redirected, and never 429: containerd would ask again at once.
 */
export function registryRoutes(deps: RegistryRouteDeps): (app: FastifyInstance) => void {
  const answer = createAnswers(deps);
  return (app) => {
    app.setErrorHandler((error, request, reply) => {
      const { code, message } = AppError.from(error);
      if (code === 'range-unsatisfiable') return sendOciError(reply, { code: 'RANGE_INVALID', message });
      deps.log.warn({ url: request.url, error }, 'an image could not be served');
      return sendOciError(reply, { code: 'UNAVAILABLE', message });
    });
    for (const url of ['/v2', '/v2/*']) {
      app.route({ method: ['GET', 'HEAD'], exposeHeadRoute: false, url, handler: answer });
      app.route({
        method: ['POST', 'PUT', 'PATCH', 'DELETE'],
        url,
        handler: (_, reply) => sendOciError(reply, { code: 'UNSUPPORTED', message: 'images are only pulled here' }),
      });
    }
  };
}

/** Old dockerd looks for it before it asks for anything. */
const VERSION = { 'docker-distribution-api-version': 'registry/2.0' };

function createAnswers({ mirror, images, mayPull, send, onManifest, meter }: RegistryRouteDeps) {
  const find = async (path: Exclude<RegistryPath, { kind: 'ping' }>, request: FastifyRequest) => {
    const found = whichRepository(path.name, namespaceOf(request), images()?.upstreams ?? []);
    if (!found.ok) return found;
    const may = await mayPull(found.value.upstream, request);
    return may.ok ? found : err<OciError>({ code: 'DENIED', message: may.error });
  };

  const sendManifest = async (
    { key }: Mirrored,
    path: Extract<RegistryPath, { kind: 'manifest' }>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Result<void, OciError>> => {
    const manifest = await mirror.manifest(key, path.reference);
    if (!manifest.ok) return manifest;
    const { digest, mediaType, bytes } = manifest.value;
    onManifest({ remote: request.ip, key, reference: path.reference, ...manifest.value });
    if (request.method === 'GET') meter.sent(bytes.length);
    reply.headers({ 'docker-content-digest': formatOciDigest(digest), etag: `"${formatOciDigest(digest)}"` });
    return sendBody(reply, request, mediaType, bytes);
  };

  const sendBlob = async (
    { key }: Mirrored,
    { digest }: Extract<RegistryPath, { kind: 'blob' }>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Result<void, OciError>> => {
    const headers = { 'docker-content-digest': formatOciDigest(digest), ...ownHeaders(reply) };
    if (request.method === 'HEAD') {
      const size = await mirror.blobSize(key, digest);
      if (!size.ok) return size;
      // A size that nobody said before the bytes come is left out: containerd and podman ask for the blob then.
      reply.headers({ ...headers, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' });
      if (size.value.sizeBytes !== undefined) reply.header('content-length', size.value.sizeBytes);
      await reply.send();
      return ok(undefined);
    }
    const { onSent } = meter.answer();
    const asset = await mirror.blob(key, digest);
    if (!asset.ok) return asset;
    const name = `${key.repository}@${digest.slice(0, 12)}`;
    await send(asset.value, { digest, name, headers, onSent }, request, reply);
    return ok(undefined);
  };

  const sendTags = async (
    { key }: Mirrored,
    path: Extract<RegistryPath, { kind: 'tags' }>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Result<void, OciError>> => {
    const tags = await mirror.tags(key);
    if (!tags.ok) return tags;
    const page = pageOfTags(tags.value, pageAsked(request));
    if (page.next) reply.header('link', formatNextLink(targetOf(path.name, page.next, namespaceOf(request))));
    const body = JSON.stringify({ name: path.name, tags: page.tags });
    return sendBody(reply, request, 'application/json', Buffer.from(body));
  };

  const sendReferrers = async (
    { key }: Mirrored,
    { digest }: Extract<RegistryPath, { kind: 'referrers' }>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Result<void, OciError>> => {
    const found = await mirror.referrers(key, digest);
    if (!found.ok) return found;
    const artifactType = text((request.query as Readonly<Record<string, unknown>>)['artifactType']);
    if (artifactType !== undefined) reply.header('oci-filters-applied', 'artifactType');
    const body = formatReferrers(onlyOfType(found.value, artifactType));
    return sendBody(reply, request, OCI_INDEX, Buffer.from(body));
  };

  const carryOut = async (
    path: Exclude<RegistryPath, { kind: 'ping' }>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Result<void, OciError>> => {
    const found = await find(path, request);
    if (!found.ok) return found;
    const namespace = namespaceOf(request);
    if (namespace !== undefined) reply.header('oci-namespace', namespace);
    switch (path.kind) {
      case 'manifest':
        return sendManifest(found.value, path, request, reply);
      case 'blob':
        return sendBlob(found.value, path, request, reply);
      case 'tags':
        return sendTags(found.value, path, request, reply);
      case 'referrers':
        return sendReferrers(found.value, path, request, reply);
      default:
        return path satisfies never;
    }
  };

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.headers(VERSION);
    const path = parseRegistryPath(pathOf(request));
    if (!path.ok) return sendOciError(reply, path.error);
    if (path.value.kind === 'ping') return reply.type('application/json').send('{}');
    const outcome = await carryOut(path.value, request, reply);
    return outcome.ok ? reply : sendOciError(reply, outcome.error);
  };
}

async function sendBody(
  reply: FastifyReply,
  request: FastifyRequest,
  type: string,
  bytes: Uint8Array,
): Promise<Result<void, OciError>> {
  reply.headers({ 'content-type': type, 'content-length': bytes.length });
  // Through the raw answer, so that nobody adds a charset to a media type or leaves the length out of a HEAD.
  await reply.send(request.method === 'HEAD' ? undefined : Buffer.from(bytes));
  return ok(undefined);
}

function sendOciError(reply: FastifyReply, error: OciError): FastifyReply {
  return reply.code(statusOf(error)).headers(VERSION).type('application/json').send(formatErrorBody(error));
}

/** What is set on the reply so far; the sender of bytes writes the head by itself. */
function ownHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}

/** As it came: fastify's own reading of a path joins slashes and undoes percent signs. */
function pathOf(request: FastifyRequest): string {
  const url = request.raw.url ?? '';
  const end = url.search(/[?#]/);
  return (end < 0 ? url : url.slice(0, end)).replace(/\/{2,}/g, '/');
}

function namespaceOf(request: FastifyRequest): string | undefined {
  return text((request.query as Readonly<Record<string, unknown>>)['ns']);
}

function text(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}

function pageAsked(request: FastifyRequest): { readonly n?: number; readonly last?: string } {
  const query = request.query as Readonly<Record<string, unknown>>;
  const [n, last] = [text(query['n']), text(query['last'])];
  return {
    ...(n !== undefined && /^\d{1,9}$/.test(n) && { n: Number(n) }),
    ...(last !== undefined && { last }),
  };
}

/** Where the next page of tags is: behind the last tag of this one. */
function targetOf(name: string, next: { readonly n: number; readonly last: string }, ns: string | undefined): string {
  const query = new URLSearchParams({ n: String(next.n), last: next.last, ...(ns !== undefined && { ns }) });
  return `/v2/${name}/tags/list?${query.toString()}`;
}

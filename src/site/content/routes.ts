import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { ContentStore, OpenAsset } from '../../model/content.ts';
import type { LoaderTable } from '../../model/site-ports.ts';
import { describeMissing } from './policy/missing.ts';
import type { OnProgress } from './progress.ts';
import { createSender, STALL_MS } from './send-range.ts';

export type AssetRouteDeps = {
  readonly content: ContentStore;
  readonly loaders: LoaderTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly onProgress: OnProgress;
  /** What is here, and not for whoever knows its digest: a layer of an image is given out by its registry alone. */
  readonly isHeldBack?: (digest: Digest) => boolean;
  /** A client that takes nothing for so long is dropped. */
  readonly stallMs?: number;
};

/** What a path names; `name` tells its type and stands in logs. */
type Wanted = { readonly digest: Digest; readonly name: string; readonly cacheControl: string };

/**
 * `GET|HEAD /assets/sha256/<hex>/<name>` and `/boot/loader/<name>`: verified bytes. Firmware wants Content-Length always
 * and neither chunks, nor compression, nor redirects; so the answer is written to the socket by ourselves.
 */
export function assetRoutes(deps: AssetRouteDeps): (app: FastifyInstance) => void {
  const serve = createServe(deps);
  const asset = (request: FastifyRequest, reply: FastifyReply) => serve(wantedAsset(deps, request), request, reply);
  const loader = (request: FastifyRequest, reply: FastifyReply) => serve(wantedLoader(deps, request), request, reply);
  const read = { method: ['GET', 'HEAD'], exposeHeadRoute: false };
  return (app) => {
    app.route({ ...read, url: '/assets/sha256/:hex/:name', handler: asset });
    app.route({ ...read, url: '/boot/loader/:name', handler: loader });
  };
}

function wantedAsset({ isHeldBack }: AssetRouteDeps, request: FastifyRequest): Wanted {
  const { hex, name } = request.params as { hex: string; name: string };
  const digest = parseDigest(hex.toLowerCase());
  if (!digest) throw new AppError('not-found', 'the path has no sha256 of 64 hex digits');
  if (isHeldBack?.(digest)) throw new AppError('not-found', 'no file of that digest is here');
  return { digest, name, cacheControl: 'public, max-age=31536000, immutable' };
}

function wantedLoader({ loaders }: AssetRouteDeps, request: FastifyRequest): Wanted {
  const { name } = request.params as { name: string };
  const loader = loaders.find(name);
  if (!loader) throw new AppError('not-found', 'no loader of that name is here');
  // The next release may bring another one by the same name.
  return { digest: loader.digest, name, cacheControl: 'no-cache' };
}

function createServe({ content, clock, log, onProgress, stallMs = STALL_MS }: AssetRouteDeps) {
  const send = createSender({ clock, log, onProgress, stallMs });
  return async (
    { digest, name, cacheControl }: Wanted,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> => {
    const asset = await openOrExplain(content, digest, clock.now());
    const type = /\.efi$/i.test(name) ? 'application/efi' : 'application/octet-stream';
    await send(
      asset,
      { digest, name, headers: { 'content-type': type, 'cache-control': cacheControl } },
      request,
      reply,
    );
  };
}

async function openOrExplain(content: ContentStore, digest: Digest, nowMs: number): Promise<OpenAsset> {
  const asset = await content.open(digest);
  if (asset) return asset;
  throw describeMissing(content.stateOf(digest), nowMs);
}

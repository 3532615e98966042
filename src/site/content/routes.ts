import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { ContentStore, OpenAsset } from '../../model/content.ts';
import type { LoaderTable } from '../../model/site-ports.ts';
import { describeMissing } from './policy/missing.ts';
import { decideRange, type RangeDecision } from './policy/range.ts';
import { createProgress, type OnProgress } from './progress.ts';
import { sendAsset } from './send-asset.ts';
import { createSharedPages } from './shared-pages.ts';

export type AssetRouteDeps = {
  readonly content: ContentStore;
  readonly loaders: LoaderTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly onProgress: OnProgress;
  /** A client that takes nothing for so long is dropped. */
  readonly stallMs?: number;
};

const STALL_MS = 120_000;

/** What a path names; `name` tells its type and stands in logs. */
type Wanted = { readonly digest: Digest; readonly name: string; readonly cacheControl: string };

/**
 * `GET|HEAD /assets/sha256/<hex>/<name>` and `/boot/loader/<name>`: verified bytes. Firmware wants Content-Length always
 * and neither chunks, nor compression, nor redirects; so the answer is written to the socket by ourselves.
 */
export function assetRoutes(deps: AssetRouteDeps): (app: FastifyInstance) => void {
  const serve = createServe(deps);
  const asset = (request: FastifyRequest, reply: FastifyReply) => serve(wantedAsset(request), request, reply);
  const loader = (request: FastifyRequest, reply: FastifyReply) => serve(wantedLoader(deps, request), request, reply);
  const read = { method: ['GET', 'HEAD'], exposeHeadRoute: false };
  return (app) => {
    app.route({ ...read, url: '/assets/sha256/:hex/:name', handler: asset });
    app.route({ ...read, url: '/boot/loader/:name', handler: loader });
  };
}

function wantedAsset(request: FastifyRequest): Wanted {
  const { hex, name } = request.params as { hex: string; name: string };
  const digest = parseDigest(hex.toLowerCase());
  if (!digest) throw new AppError('not-found', 'the path has no sha256 of 64 hex digits');
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
  const pages = createSharedPages();
  return async (wanted: Wanted, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { digest, name } = wanted;
    const asset = await openOrExplain(content, digest, clock.now());
    const decision = decideFor(request, digest, asset.sizeBytes);
    if (decision.kind === 'unsatisfiable') {
      await asset.close();
      reply.header('content-range', `bytes */${asset.sizeBytes}`);
      throw new AppError('range-unsatisfiable', `the file has ${asset.sizeBytes} bytes`);
    }
    reply.hijack();
    const { first, last } = decision.kind === 'part' ? decision : { first: 0, last: asset.sizeBytes - 1 };
    reply.raw.writeHead(decision.kind === 'part' ? 206 : 200, headersOf(decision, wanted, asset.sizeBytes));
    if (request.method === 'HEAD') {
      reply.raw.end();
      await asset.close();
      return;
    }
    const progress = createProgress({
      clock,
      onProgress,
      remote: request.ip,
      digest,
      name,
      first,
      sizeBytes: asset.sizeBytes,
    });
    try {
      const onSent = (bytesSent: number) => progress.sent(bytesSent);
      progress.end(await sendAsset({ asset, response: reply.raw, first, last, pages, stallMs, onSent }));
    } catch (cause) {
      progress.end('gone');
      // The head is long gone: all that is left is to say it here, and the client sees a cut connection.
      log.error({ digest, name, remote: request.ip, error: cause }, 'an asset could not be sent to its end');
    }
  };
}

async function openOrExplain(content: ContentStore, digest: Digest, nowMs: number): Promise<OpenAsset> {
  const asset = await content.open(digest);
  if (asset) return asset;
  throw describeMissing(content.stateOf(digest), nowMs);
}

function decideFor(request: FastifyRequest, digest: Digest, sizeBytes: number): RangeDecision {
  // RFC 9110 14.2: Range means something for GET only.
  if (request.method === 'HEAD') return { kind: 'whole' };
  return decideRange({
    range: request.headers.range,
    ifRange: single(request.headers['if-range']),
    etag: etagOf(digest),
    sizeBytes,
  });
}

function headersOf(
  decision: RangeDecision,
  { digest, name, cacheControl }: Wanted,
  sizeBytes: number,
): OutgoingHttpHeaders {
  const part = decision.kind === 'part' ? decision : undefined;
  return {
    'content-type': /\.efi$/i.test(name) ? 'application/efi' : 'application/octet-stream',
    'content-length': part ? part.last - part.first + 1 : sizeBytes,
    ...(part ? { 'content-range': `bytes ${part.first}-${part.last}/${sizeBytes}` } : {}),
    'accept-ranges': 'bytes',
    etag: etagOf(digest),
    'cache-control': cacheControl,
  };
}

function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

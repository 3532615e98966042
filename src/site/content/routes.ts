import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { ContentStore, OpenAsset } from '../../model/content.ts';
import { createBufferPool } from './buffer-pool.ts';
import { describeMissing } from './policy/missing.ts';
import { decideRange, type RangeDecision } from './policy/range.ts';
import { createProgress, type OnProgress } from './progress.ts';
import { sendAsset } from './send-asset.ts';

export type AssetRouteDeps = {
  readonly content: ContentStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly onProgress: OnProgress;
  /** A client that takes nothing for so long is dropped. */
  readonly stallMs?: number;
};

const STALL_MS = 120_000;

/**
 * `GET|HEAD /assets/sha256/<hex>/<name>`: verified bytes. Firmware wants Content-Length always and neither chunks, nor
 * compression, nor redirects; so the answer is written to the socket by ourselves.
 */
export function assetRoutes(deps: AssetRouteDeps): (app: FastifyInstance) => void {
  const serve = createHandler(deps);
  return (app) => {
    app.route({ method: ['GET', 'HEAD'], url: '/assets/sha256/:hex/:name', exposeHeadRoute: false, handler: serve });
  };
}

function createHandler({ content, clock, log, onProgress, stallMs = STALL_MS }: AssetRouteDeps) {
  const pool = createBufferPool();
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { hex, name } = request.params as { hex: string; name: string };
    const { digest, asset } = await openOrExplain(content, hex, clock.now());
    const decision = decideFor(request, digest, asset.sizeBytes);
    if (decision.kind === 'unsatisfiable') {
      await asset.close();
      reply.header('content-range', `bytes */${asset.sizeBytes}`);
      throw new AppError('range-unsatisfiable', `the file has ${asset.sizeBytes} bytes`);
    }
    reply.hijack();
    const { first, last } = decision.kind === 'part' ? decision : { first: 0, last: asset.sizeBytes - 1 };
    reply.raw.writeHead(decision.kind === 'part' ? 206 : 200, headersOf(decision, digest, name, asset.sizeBytes));
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
      progress.end(await sendAsset({ asset, response: reply.raw, first, last, pool, stallMs, onSent }));
    } catch (cause) {
      progress.end('gone');
      // The head is long gone: all that is left is to say it here, and the client sees a cut connection.
      log.error({ digest, name, remote: request.ip, error: cause }, 'an asset could not be sent to its end');
    }
  };
}

async function openOrExplain(
  content: ContentStore,
  hex: string,
  nowMs: number,
): Promise<{ digest: Digest; asset: OpenAsset }> {
  const digest = parseDigest(hex.toLowerCase());
  if (!digest) throw new AppError('not-found', 'the path has no sha256 of 64 hex digits');
  const asset = await content.open(digest);
  if (asset) return { digest, asset };
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

function headersOf(decision: RangeDecision, digest: Digest, name: string, sizeBytes: number): OutgoingHttpHeaders {
  const part = decision.kind === 'part' ? decision : undefined;
  return {
    'content-type': /\.efi$/i.test(name) ? 'application/efi' : 'application/octet-stream',
    'content-length': part ? part.last - part.first + 1 : sizeBytes,
    ...(part ? { 'content-range': `bytes ${part.first}-${part.last}/${sizeBytes}` } : {}),
    'accept-ranges': 'bytes',
    etag: etagOf(digest),
    'cache-control': 'public, max-age=31536000, immutable',
  };
}

function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

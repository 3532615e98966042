import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { OpenAsset } from '../../model/content.ts';
import { decideRange, type RangeDecision } from './policy/range.ts';
import { createProgress, type OnProgress } from './progress.ts';
import { sendAsset } from './send-asset.ts';
import { createSharedPages } from './shared-pages.ts';

/** A client that takes nothing for so long is dropped; one that unpacks what it has may pause for a while. */
export const STALL_MS = 120_000;

export type SenderDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly onProgress: OnProgress;
  /** A client that takes nothing for so long is dropped. */
  readonly stallMs: number;
};

/** What is sent: `headers` are those that say what it is; how much of it, the sender says. */
export type SentFile = {
  readonly digest: Digest;
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Hears how many bytes of the body have left, and whether the whole file was here when it was opened. */
  readonly onSent?: (bytesSent: number, isHere: boolean) => void;
};

/** What is asked, as fastify has it. */
export type Asked = { readonly method: string; readonly ip: string; readonly headers: IncomingHttpHeaders };
/** Where the answer goes, as fastify has it. */
export type Reply = {
  readonly raw: ServerResponse;
  hijack(): unknown;
  header(name: string, value: string): unknown;
};

/**
 * Answers GET and HEAD with an opened asset, or the range of it that is asked for (RFC 9110 section 14), and closes it.
 * @throws AppError `range-unsatisfiable`, before anything is sent
 */
export function createSender({ clock, log, onProgress, stallMs }: SenderDeps) {
  const pages = createSharedPages();
  return async (asset: OpenAsset, file: SentFile, request: Asked, reply: Reply): Promise<void> => {
    const { digest, name } = file;
    const decision = decideFor(request, digest, asset.sizeBytes);
    if (decision.kind === 'unsatisfiable') {
      await asset.close();
      reply.header('content-range', `bytes */${asset.sizeBytes}`);
      throw new AppError('range-unsatisfiable', `the file has ${asset.sizeBytes} bytes`);
    }
    reply.hijack();
    const { first, last } = decision.kind === 'part' ? decision : { first: 0, last: asset.sizeBytes - 1 };
    reply.raw.writeHead(decision.kind === 'part' ? 206 : 200, headersOf(decision, file, asset.sizeBytes));
    if (request.method === 'HEAD') {
      reply.raw.end();
      await asset.close();
      return;
    }
    const progress = createProgress({
      ...{ clock, onProgress, digest, name, first },
      ...{ remote: request.ip, sizeBytes: asset.sizeBytes },
    });
    try {
      const isHere = asset.version !== undefined;
      const onSent = (bytesSent: number): void => {
        progress.sent(bytesSent);
        file.onSent?.(bytesSent, isHere);
      };
      progress.end(await sendAsset({ asset, response: reply.raw, first, last, pages, stallMs, onSent }));
    } catch (cause) {
      progress.end('gone');
      // The head is long gone: all that is left is to say it here, and the client sees a cut connection.
      log.error({ digest, name, remote: request.ip, error: cause }, 'an asset could not be sent to its end');
    }
  };
}

function decideFor(request: Asked, digest: Digest, sizeBytes: number): RangeDecision {
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
  { digest, headers }: SentFile,
  sizeBytes: number,
): Record<string, string | number> {
  const part = decision.kind === 'part' ? decision : undefined;
  return {
    'content-type': 'application/octet-stream',
    'content-length': part ? part.last - part.first + 1 : sizeBytes,
    ...(part ? { 'content-range': `bytes ${part.first}-${part.last}/${sizeBytes}` } : {}),
    'accept-ranges': 'bytes',
    etag: etagOf(digest),
    ...headers,
  };
}

function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

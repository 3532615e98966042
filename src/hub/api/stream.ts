import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import { FEED_HEARTBEAT_MS } from '../../wire/api/fleet-views.ts';
import type { Feed, FeedEntry } from './feed.ts';

/** A reader that takes nothing for so long that this much waits for it is cut off; it comes back with its last id. */
const MAX_BUFFERED_BYTES = 256 * 1024;
const MOST_READERS = 200;

/** Sends which views change, as server-sent events. The answer ends it; undefined: there are too many readers already. */
export function streamFeed(reply: FastifyReply, feed: Feed, after: string | undefined): (() => void) | undefined {
  if (feed.listeners >= MOST_READERS) return undefined;
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
  });
  response.write(': connected\n\n');
  const send = ({ id, item }: FeedEntry): void => {
    if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
    else response.write(`id: ${id}\ndata: ${JSON.stringify(item)}\n\n`);
  };
  const stop = feed.listen(after, send);
  const heartbeat = setInterval(() => response.write(': here\n\n'), FEED_HEARTBEAT_MS);
  response.on('close', () => {
    stop();
    clearInterval(heartbeat);
  });
  return () => response.end();
}

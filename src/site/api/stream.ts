import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Event } from '../../model/event.ts';

/** A reader that takes nothing for so long that this much waits for it is cut off; it comes back with `?after=`. */
const maxBufferedBytes = 1 << 20;

/**
 * Sends events as they happen, as server-sent events with the sequence number as their id. Ends with the connection, or
 * when the answer is called.
 */
export function streamEvents(
  reply: FastifyReply,
  source: { onEvent(listener: (event: Event) => void): () => void },
  wanted: (event: Event) => boolean,
): () => void {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
  });
  // The head alone tells the reader that it is connected.
  response.write(': connected\n\n');
  const stop = source.onEvent((event) => {
    if (!wanted(event)) return;
    if (response.writableLength > maxBufferedBytes) response.destroy();
    else response.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
  });
  response.on('close', stop);
  return () => response.end();
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import type { SiteAddress } from '../../model/site-ports.ts';

/** Where people may see the site. */
export type Door = {
  /** The addresses at which the page is shown: some of those of the site, or none. */
  readonly shownAt: () => readonly SiteAddress[];
  /** Whether a request came over the control socket: who may open that may see all. */
  readonly isControl: (request: FastifyRequest['raw']) => boolean;
};

const API = '/api/v1';

/** Keeps `/api/v1` of this scope to where the page is shown, and out of every cache. */
export function guardShown(app: FastifyInstance, door: Door): void {
  app.addHook('onRequest', (request, reply, done) => {
    // By the route that was found: an address can be written in many ways.
    if (request.routeOptions.url?.startsWith(API)) {
      refuseElsewhere(request, door);
      reply.header('cache-control', 'no-store');
    }
    done();
  });
  // What a browser asks before a request that a page may not make unasked. It is a route so that the guards see it:
  // whoever asks is none of ours.
  app.options(`${API}/*`, () => {
    throw new AppError('foreign-request', 'the pages of others are not answered here');
  });
}

/** @throws AppError `not-found` on an interface where the page is not shown */
export function refuseElsewhere({ raw }: FastifyRequest, { shownAt, isControl }: Door): void {
  // A socket that systemd opened for both families writes IPv4 addresses in its own way.
  const local = raw.socket.localAddress?.replace(/^::ffff:/i, '');
  const own = shownAt().some(({ address }) => address === local);
  if (!own && !isControl(raw))
    throw new AppError('not-found', 'this site does not show its page here; `page` in its site file says where');
}

/** An answer for a person in front of a browser, where something else than the page is due. */
export function sendSentence(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').type('text/plain; charset=utf-8').send(`${sentence}\n`);
}

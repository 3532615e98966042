import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import type { SiteAddress } from '../../model/site-ports.ts';
import { whyForeign } from './policy/origin.ts';

/** Who may see the site over the network. */
export type Door = {
  /** Where the page is shown: some of the addresses of the site, or none. */
  readonly shownAt: () => readonly SiteAddress[];
  /** Whether a request came over the control socket: who may open that may see all. */
  readonly isControl: (request: FastifyRequest['raw']) => boolean;
  /** Hears of every request that a hostile page may have made. */
  readonly onRefused: (because: string, remote: string) => void;
};

/** What a browser does with an answer: nothing of it for other pages, nothing by a guess at its type, nothing kept. */
export const ANSWER_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
} as const;

const API = '/api/v1';

/**
 * Looks at every request of this scope for `/api/v1`. Over the network it is let in only where the page is shown, and
 * only if a person at this site made it, also for reading: the name of a hostile page may lead here (DNS rebinding), and
 * then the browser takes the site for a part of that page.
 * @throws AppError `not-found`, `request-foreign`
 */
export function guardApi(app: FastifyInstance, door: Door): void {
  // The question before a request that a page may not make unasked: nobody may, and whoever asks is told of.
  app.options(`${API}/*`, () => {
    throw new AppError('request-foreign', 'pages of others are not answered here');
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url?.startsWith(API) && !door.isControl(request.raw)) {
      refuseElsewhere(request, door);
      reply.headers(ANSWER_HEADERS);
      refuseForeign(request, door);
    }
    done();
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

function refuseForeign({ raw }: FastifyRequest, { shownAt, onRefused }: Door): void {
  const because = whyForeign({ host: raw.headers.host, origin: raw.headers.origin }, shownAt());
  if (because === undefined) return;
  onRefused(because, raw.socket.remoteAddress ?? 'unknown');
  throw new AppError('request-foreign', because);
}

/** An answer for a person in front of a browser, where something else than the page is due. */
export function sendSentence(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).headers(ANSWER_HEADERS).type('text/plain; charset=utf-8').send(`${sentence}\n`);
}

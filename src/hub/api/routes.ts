import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import type { AdminRoute, RouteContext } from './contract.ts';
import type { Door } from './door.ts';
import type { Feed } from './feed.ts';
import { openApi } from './open-api.ts';
import { streamFeed } from './stream.ts';

export const API = '/api/v1';

export type AdminApiDeps = RouteContext & {
  readonly door: Door;
  readonly routes: readonly AdminRoute[];
  readonly feed: Feed;
  readonly version: string;
  /** Why head office cannot answer sites now; empty if it can. */
  readonly notReady: () => readonly string[];
};

/** The admin API: all routes behind one door, with the document that describes them, the feed, and health. */
export function registerAdmin(app: FastifyInstance, deps: AdminApiDeps): void {
  const { door, routes, feed, notReady } = deps;
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.addHook('onRequest', (request, reply, done) => {
    // By the route that was found: an address can be written in many ways.
    if (request.routeOptions.url?.startsWith(API)) {
      reply.header('cache-control', 'no-store');
      door.assertOwn(request.raw);
    }
    done();
  });
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) => sendReadiness(reply, notReady()));
  const document = openApi(routes, deps.version);
  // Before anybody has a token; it says nothing of this fleet.
  app.get(`${API}/openapi.json`, () => document);
  for (const route of routes) registerOne(app, route, deps);
  registerFeed(app, door, feed);
}

function registerOne(app: FastifyInstance, route: AdminRoute, deps: AdminApiDeps): void {
  app.route({
    method: route.method,
    url: `${API}/${route.path}`,
    ...(route.mostBytes === undefined ? {} : { bodyLimit: route.mostBytes }),
    // Before the body is read: who may not do it sends nothing.
    onRequest: async (request, reply) => {
      whoAsks.set(request, await admit(deps.door, request, reply, route));
    },
    handler: async (request) => {
      const who = whoAsks.get(request);
      if (!who) throw new AppError('internal', 'a request came in past the door');
      if (route.method === 'POST' && route.mostBytes === undefined) requireJson(request);
      return route.run(deps, { who, params: request.params, query: request.query, body: request.body });
    },
  });
}

const whoAsks = new WeakMap<FastifyRequest, Awaited<ReturnType<Door['admit']>>>();

async function admit(
  door: Door,
  request: FastifyRequest,
  reply: FastifyReply,
  { role }: Pick<AdminRoute, 'role'>,
): ReturnType<Door['admit']> {
  try {
    return await door.admit(request.raw, role);
  } catch (error) {
    // RFC 6750, 3
    if (AppError.from(error).code === 'admin-token-refused') reply.header('www-authenticate', 'Bearer realm="slipway"');
    throw error;
  }
}

function registerFeed(app: FastifyInstance, door: Door, feed: Feed): void {
  // Whoever follows would otherwise hold up the end of the hub.
  const streams = new Set<() => void>();
  app.addHook('preClose', (done) => {
    for (const end of streams) end();
    done();
  });
  app.get<{ Querystring: { after?: string } }>(`${API}/events`, async (request, reply) => {
    await admit(door, request, reply, { role: 'read' });
    const after = request.headers['last-event-id']?.toString() ?? request.query.after;
    const end = streamFeed(reply, feed, after);
    if (!end) throw new AppError('too-many-tries', 'too many follow the changes of this head office already');
    streams.add(end);
    reply.raw.on('close', () => streams.delete(end));
  });
}

/** A form, which any page may send anywhere without asking, is refused. */
function requireJson(request: FastifyRequest): void {
  if (request.body !== undefined && !/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new AppError('usage-invalid', 'what is to be done is JSON, with the Content-Type application/json');
}

function sendReadiness(reply: FastifyReply, reasons: readonly string[]): FastifyReply {
  return reply
    .code(reasons.length === 0 ? 200 : 503)
    .type('text/plain')
    .send(reasons.length === 0 ? 'ready\n' : `${reasons.join('\n')}\n`);
}

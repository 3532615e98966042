import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import type { Command } from '../../model/commands.ts';
import type { Event, EventType } from '../../model/event.ts';
import { EVENT_TYPES } from '../../model/event.ts';
import type { EventQuery } from '../../model/store.ts';
import { MACHINE_COMMANDS, NEEDS_NO_PIN, SLOT_COMMANDS } from '../../wire/api/commands.ts';
import type { SecretView } from '../../wire/api/secrets.ts';
import type { NodeDetail, SiteNodes, SiteStatus } from '../../wire/api/views.ts';
import type { CommandGate } from './commands.ts';
import { parseCommand, parseMachineCommand, parseNetworkCommand } from './policy/parse-command.ts';
import { streamEvents } from './stream.ts';
import { createTurns } from './turns.ts';

/** Who asks: what stands on the screens of machines is shown at the terminal of the site alone. */
export type Asker = { readonly isTerminal: boolean };

/** What the API shows; the composition root answers from the site's facts. */
export interface SiteQueries {
  status(): SiteStatus;
  nodes(who: Asker): SiteNodes;
  /** A slot, a machine id such as `m3`, a MAC, or for the terminal a code; undefined if the site has none of it. */
  node(name: string, who: Asker): NodeDetail | undefined;
  events(query: EventQuery): Promise<readonly Event[]>;
  onEvent(listener: (event: Event) => void): () => void;
  /** Why the site cannot serve nodes now; empty if it can. */
  notReady(): readonly string[];
  /** Prometheus text. */
  metrics(): Promise<string>;
}

/** Where secrets are kept. Each answer is a sentence; rejects with an AppError, whose words have nothing of a value. */
export interface SecretDesk {
  list(): Promise<readonly SecretView[]>;
  set(name: string, value: string): Promise<string>;
  remove(name: string): Promise<string>;
}

const maxEvents = 1000;
/** 64 KiB of text, written in JSON as badly as can be. */
const SECRET_BODY_BYTES = 400 * 1024;

/**
 * `POST /api/v1/arm`, `/api/v1/slots/<slot>/<command>`, `/api/v1/machines/<machine>/<command>` and
 * `/api/v1/networks/<network>/dhcp-mode`. JSON and nothing else: a form, which any page may send
 * anywhere without asking, is refused.
 */
export function registerCommandRoutes(app: FastifyInstance, gate: CommandGate): void {
  app.removeContentTypeParser('text/plain');
  app.post('/api/v1/arm', (request) => {
    requireJson(request);
    return gate.carryOut(request.raw, () => ({ kind: 'arm' }));
  });
  for (const kind of SLOT_COMMANDS)
    app.post<{ Params: { slot: string } }>(`/api/v1/slots/:slot/${kind}`, (request) => {
      requireJson(request);
      const parse = (): Command => {
        const command = parseCommand(kind, request.params.slot, request.body);
        if (!command.ok) throw command.error;
        return command.value;
      };
      return gate.carryOut(request.raw, parse, { needsPin: !NEEDS_NO_PIN.includes(kind) });
    });
  app.post<{ Params: { network: string } }>('/api/v1/networks/:network/dhcp-mode', (request) => {
    requireJson(request);
    return gate.carryOut(request.raw, () => {
      const command = parseNetworkCommand(request.params.network, request.body);
      if (!command.ok) throw command.error;
      return command.value;
    });
  });
  for (const kind of MACHINE_COMMANDS)
    app.post<{ Params: { machine: string } }>(`/api/v1/machines/:machine/${kind}`, (request) => {
      requireJson(request);
      return gate.carryOut(request.raw, () => {
        const command = parseMachineCommand(kind, request.params.machine, request.body);
        if (!command.ok) throw command.error;
        return command.value;
      });
    });
}

/** Asks the gate about each request of these routes, before anything of it is read. */
export function guardOwn(app: FastifyInstance, gate: CommandGate): void {
  app.addHook('onRequest', (request, _reply, done) => {
    // By the route that was found: an address can be written in many ways.
    if (request.routeOptions.url?.startsWith('/api/')) gate.assertOwn(request.raw);
    done();
  });
}

/** `/api/v1/secrets`, for the control socket alone. */
export function registerSecretRoutes(app: FastifyInstance, gate: CommandGate, desk: SecretDesk): void {
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    gate.assertTerminal(request.raw);
    done();
  };
  type Named = { Params: { name: string } };
  app.get('/api/v1/secrets', { onRequest }, async () => ({ secrets: await desk.list() }));
  app.post<Named>('/api/v1/secrets/:name/set', { onRequest, bodyLimit: SECRET_BODY_BYTES }, async (request) => {
    const value = (request.body as { value?: unknown } | null | undefined)?.value;
    if (typeof value !== 'string') throw new AppError('usage-invalid', 'a secret is set with {"value": "…"}');
    return { sentence: await desk.set(request.params.name, value) };
  });
  app.post<Named>('/api/v1/secrets/:name/remove', { onRequest }, async ({ params }) => ({
    sentence: await desk.remove(params.name),
  }));
}

function requireJson(request: FastifyRequest): void {
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new AppError('usage-invalid', 'a command is JSON, with the Content-Type application/json');
}

/** `/api/v1`, health and metrics. Reading only: nothing here changes the site. */
export function registerApiRoutes(
  app: FastifyInstance,
  site: SiteQueries,
  isControl: (request: FastifyRequest['raw']) => boolean,
): void {
  // Whoever follows the events would otherwise hold up the end of the site.
  const streams = new Set<() => void>();
  app.addHook('preClose', (done) => {
    for (const end of streams) end();
    done();
  });
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) => sendReadiness(reply, site.notReady()));
  app.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await site.metrics()));
  const inTurn = createTurns();
  // One reader at a time: what machines wait for is written by the same thread.
  const reading = createTurns();
  // Who hung up meanwhile is answered with nothing, which costs nothing.
  const show = ({ raw }: FastifyRequest, view: (who: Asker) => object) =>
    inTurn(() => (raw.socket.destroyed ? {} : view({ isTerminal: isControl(raw) })));
  app.get('/api/v1/status', (request) => show(request, () => site.status()));
  app.get('/api/v1/nodes', (request) => show(request, (who) => site.nodes(who)));
  app.get<{ Params: { name: string } }>('/api/v1/nodes/:name', (request) =>
    show(request, (who) => nodeNamed(site, request.params.name, who)),
  );
  app.get('/api/v1/events', (request, reply) => {
    if (wantsStream(request)) {
      const end = streamEvents(reply, site, matchesQuery(queryOf(request)));
      streams.add(end);
      reply.raw.on('close', () => streams.delete(end));
      return;
    }
    const query = queryOf(request);
    const read = async () => (request.raw.socket.destroyed ? [] : site.events(query));
    return reading(read).then((events) => reply.send({ events }));
  });
}

function nodeNamed(site: SiteQueries, name: string, who: Asker): NodeDetail {
  const node = site.node(name, who);
  if (!node) throw new AppError('not-found', `this site has no slot or machine named ${JSON.stringify(name)}`);
  return node;
}

function sendReadiness(reply: FastifyReply, reasons: readonly string[]): FastifyReply {
  const status = reasons.length === 0 ? 200 : 503;
  return reply
    .code(status)
    .type('text/plain')
    .send(reasons.length === 0 ? 'ready\n' : `${reasons.join('\n')}\n`);
}

function wantsStream(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/event-stream') ?? false;
}

/** The filter of `?after= &limit= &order=newest &slot= &type=`. Throws `usage-invalid`. */
function queryOf(request: FastifyRequest): EventQuery {
  const query = request.query as Record<string, string | string[] | undefined>;
  const types = [...new Set([query['type'] ?? []].flat())];
  const unknown = types.find((type) => !(EVENT_TYPES as readonly string[]).includes(type));
  if (unknown !== undefined)
    throw new AppError(
      'usage-invalid',
      `there is no event type ${JSON.stringify(unknown)}; known: ${EVENT_TYPES.join(', ')}`,
    );
  const slot = [query['slot'] ?? []].flat()[0];
  return {
    limit: count(query['limit'], 'limit', 100, maxEvents),
    newestFirst: query['order'] === 'newest',
    ...(query['after'] === undefined ? {} : { afterSeq: count(query['after'], 'after', 0, Number.MAX_SAFE_INTEGER) }),
    ...(slot === undefined ? {} : { slot }),
    ...(types.length === 0 ? {} : { types: types as EventType[] }),
  };
}

function count(value: string | string[] | undefined, name: string, otherwise: number, most: number): number {
  if (value === undefined) return otherwise;
  const n = Number(value);
  if (!/^\d+$/.test(String(value)) || n > most)
    throw new AppError('usage-invalid', `${name} takes a whole number up to ${most}`);
  return n;
}

function matchesQuery(query: EventQuery): (event: Event) => boolean {
  return (event) =>
    (query.slot === undefined || event.slot === query.slot) && (query.types?.includes(event.type) ?? true);
}

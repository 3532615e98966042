import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createHttpServer } from '../../../src/adapters/http/server.ts';
import { readPage } from '../../../src/adapters/node/page-bundle.ts';
import { registerFleetPage } from '../../../src/hub/api/page.ts';
import { AppError } from '../../../src/kernel/errors.ts';
import type { FleetSiteQuery } from '../../../src/wire/api/fleet-queries.ts';
import type {
  FleetAlarmView,
  FleetEventView,
  FleetFeedItem,
  FleetOverview,
  FleetSiteRow,
  FleetSiteView,
  PublicationSiteView,
  PublicationView,
} from '../../../src/wire/api/fleet-views.ts';
import { sampleFleet, sampleSiteView } from '../../support/fleet-views.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A head office that answers views which the test sets, so that the page is proved without a fleet. */
export class ScriptedHub {
  fleet: FleetOverview = sampleFleet();
  sites: FleetSiteRow[] = [];
  readonly details = new Map<string, Partial<FleetSiteView>>();
  events: FleetEventView[] = [];
  publication: PublicationView | undefined;
  publicationSites: PublicationSiteView[] = [];
  alarms: FleetAlarmView[] = [];
  tokens: readonly string[] = ['right'];
  /** What was asked, as paths with their query; and what was done, with its body. */
  readonly asked: string[] = [];
  readonly acts: { readonly path: string; readonly body: unknown }[] = [];
  readonly #streams = new Set<FastifyReply>();
  #close = async (): Promise<void> => {};

  /** Opens it on loopback; answers its port. */
  async start(port = 0): Promise<number> {
    const page = readPage('fleet');
    const routes = [
      (app: FastifyInstance) => this.#register(app),
      (app: FastifyInstance) => registerFleetPage(app, () => page),
    ];
    const server = await createHttpServer({ log: SILENT, routes });
    this.#close = () => server.close(0);
    return server.listen({ address: '127.0.0.1', port });
  }

  async stop(): Promise<void> {
    for (const stream of this.#streams) stream.raw.destroy();
    this.#streams.clear();
    await this.#close();
  }

  tell(item: FleetFeedItem): void {
    for (const { raw } of this.#streams) raw.write(`id: x-1\ndata: ${JSON.stringify(item)}\n\n`);
  }

  get followers(): number {
    return this.#streams.size;
  }

  #register(app: FastifyInstance): void {
    app.addHook('onRequest', async (request) => this.#admit(request));
    app.get('/api/v1/fleet', () => ({ ...this.fleet, at: Date.now() }));
    app.get('/api/v1/sites', (request) => this.#list(request.query as Record<string, string>));
    app.get<{ Params: { site: string } }>('/api/v1/sites/:site', ({ params }) => this.#site(params.site));
    app.get<{ Querystring: { slot?: string } }>('/api/v1/sites/:site/events', ({ query: { slot } }) => ({
      events: this.events.filter((event) => slot === undefined || event.slot === slot),
    }));
    app.get('/api/v1/publications', () => pageOf(this.publication ? [this.publication] : []));
    app.get('/api/v1/publications/:publication', () => this.publication ?? notFound());
    app.get('/api/v1/publications/:publication/sites', () => pageOf(this.publicationSites));
    app.post('/api/v1/publications/:publication/:act', (request) => {
      this.acts.push({ path: request.url, body: request.body });
      return { sentence: 'r7 is paused.' };
    });
    app.get('/api/v1/pushes', () => pageOf([]));
    app.get('/api/v1/alarms', () => pageOf(this.alarms));
    app.get('/api/v1/audit', () => ({ entries: [] }));
    app.get('/api/v1/events', (_request, reply) => this.#follow(reply));
  }

  #admit(request: FastifyRequest): void {
    if (!request.url.startsWith('/api/')) return;
    this.asked.push(request.url);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || !this.tokens.includes(token))
      throw new AppError('admin-token-refused', 'this token is not known, or was withdrawn');
  }

  #follow(reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write(': connected\n\n');
    this.#streams.add(reply);
    reply.raw.on('close', () => this.#streams.delete(reply));
  }

  #list({ search = '', labels, state, offset = '0', limit = '100' }: Record<string, string>): object {
    const wanted = (row: FleetSiteRow): boolean =>
      row.site.includes(search) &&
      (state === undefined || row.state === (state as FleetSiteQuery['state'])) &&
      (labels === undefined || Object.entries(row.labels).some(([key, value]) => labels === `${key}=${value}`));
    const fitting = this.sites.filter(wanted);
    return { total: fitting.length, rows: fitting.slice(Number(offset), Number(offset) + Number(limit)) };
  }

  #site(name: string): object {
    const row = this.sites.find(({ site }) => site === name);
    return row ? { ...sampleSiteView(), ...row, at: Date.now(), ...this.details.get(name) } : notFound();
  }
}

function pageOf(rows: readonly object[]): object {
  return { total: rows.length, rows };
}

function notFound(): never {
  throw new AppError('not-found', 'head office has nothing of this name');
}

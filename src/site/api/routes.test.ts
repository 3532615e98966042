import type { FastifyReply } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { SampleLog, T0 } from '../../../test/support/sample-site.ts';
import { createHttpServer, type HttpServer } from '../../adapters/http/server.ts';
import type { Event } from '../../model/event.ts';
import type { EventQuery } from '../../model/store.ts';
import type { NodeDetail, SiteNodes, SiteStatus } from '../../wire/api/views.ts';
import { registerApiRoutes, type SiteQueries } from './routes.ts';
import { streamEvents } from './stream.ts';

let server: HttpServer;
afterEach(() => server?.close());

const detail: NodeDetail = { boots: [] };

async function setUp(notReady: readonly string[] = []) {
  const asked: EventQuery[] = [];
  const site: { -readonly [K in keyof SiteQueries]: SiteQueries[K] } = {
    status: () => ({ site: 'store-0417', ready: true }) as SiteStatus,
    nodes: (): SiteNodes => ({ nodes: [], machines: [] }),
    node: (name) => (name === 'pos-1' ? detail : undefined),
    events: async (query) => {
      asked.push(query);
      return [event(7)];
    },
    onEvent: () => () => undefined,
    notReady: () => notReady,
    metrics: async () => 'slipway_ready 1\n',
  };
  server = await createHttpServer({
    log: new SampleLog(),
    routes: [(app) => registerApiRoutes(app, site, () => false)],
  });
  const get = (url: string) => server.app.inject({ method: 'GET', url });
  return { get, asked, site };
}

function event(seq: number, more: Partial<Event> = {}): Event {
  return { type: 'slot-filled', at: T0, sentence: `event ${seq}`, epoch: 'e', seq, version: 1, ...more };
}

describe('health', () => {
  it('is one word where all is well', async () => {
    const { get } = await setUp();
    expect([(await get('/healthz')).body, (await get('/readyz')).body]).toEqual(['ok\n', 'ready\n']);
    expect((await get('/metrics')).headers['content-type']).toContain('text/plain');
  });

  it('says each reason why nodes are not served, while the process is healthy', async () => {
    const { get } = await setUp(['eth0 has no address', 'the template was refused']);
    const answer = await get('/readyz');
    expect([answer.statusCode, answer.body]).toEqual([503, 'eth0 has no address\nthe template was refused\n']);
    expect((await get('/healthz')).statusCode).toBe(200);
  });
});

describe('/api/v1', () => {
  it('shows the site, its nodes and one of them', async () => {
    const { get } = await setUp();
    expect((await get('/api/v1/status')).json()).toMatchObject({ site: 'store-0417' });
    expect((await get('/api/v1/nodes')).json()).toEqual({ nodes: [], machines: [] });
    expect((await get('/api/v1/nodes/pos-1')).json()).toEqual(detail);
  });

  it('answers one question in each turn of the loop, however many ask at once', async () => {
    const turns: number[] = [];
    let turn = 0;
    const { get, site } = await setUp();
    site.nodes = () => {
      turns.push(turn);
      return { nodes: [], machines: [] };
    };
    const count = (): void => {
      turn += 1;
      if (turns.length < 20) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(Array.from({ length: 20 }, () => get('/api/v1/nodes')));
    expect(new Set(turns).size).toBe(20);
  });

  it('reads events for one question at a time, and each type once, however often it is named', async () => {
    const { get, site } = await setUp();
    let reading = 0;
    const most: number[] = [];
    const types: unknown[] = [];
    site.events = async (query) => {
      reading += 1;
      most.push(reading);
      types.push(query.types);
      await new Promise((resolve) => setImmediate(resolve));
      reading -= 1;
      return [];
    };
    const url = `/api/v1/events?${'type=slot-filled&'.repeat(500)}`;
    await Promise.all(Array.from({ length: 5 }, () => get(url)));
    expect([most, types]).toEqual([[1, 1, 1, 1, 1], Array(5).fill(['slot-filled'])]);
  });

  it('names what it does not have', async () => {
    const { get } = await setUp();
    const answer = await get('/api/v1/nodes/pos-9');
    expect([answer.statusCode, answer.json().error]).toEqual([
      404,
      expect.objectContaining({ code: 'not-found', message: 'this site has no slot or machine named "pos-9"' }),
    ]);
  });

  it.each([
    ['', { limit: 100, newestFirst: false }],
    ['?order=newest&limit=5&after=3', { limit: 5, newestFirst: true, afterSeq: 3 }],
    [
      '?slot=pos-1&type=slot-filled&type=node-enrolled',
      { limit: 100, newestFirst: false, slot: 'pos-1', types: ['slot-filled', 'node-enrolled'] },
    ],
  ])('events%s asks the store for what is meant', async (query, wanted) => {
    const { get, asked } = await setUp();
    expect((await get(`/api/v1/events${query}`)).json()).toEqual({ events: [event(7)] });
    expect(asked).toEqual([wanted]);
  });

  it.each(['type=nonsense', 'limit=1001', 'limit=-1', 'limit=x', 'after=', 'limit=1&limit=2'])(
    'events?%s is refused with a sentence',
    async (query) => {
      const { get, asked } = await setUp();
      const answer = await get(`/api/v1/events?${query}`);
      expect([answer.statusCode, answer.json().error.code, asked]).toEqual([400, 'usage-invalid', []]);
    },
  );

  it.each(['POST', 'PUT', 'DELETE'] as const)('%s changes nothing', async (method) => {
    await setUp();
    expect((await server.app.inject({ method, url: '/api/v1/nodes/pos-1' })).statusCode).toBe(404);
  });
});

describe('the stream of events', () => {
  function open(waitingBytes = 0) {
    const written: string[] = [];
    let closed = (): void => undefined;
    let tell: ((event: Event) => void) | undefined;
    const raw = {
      writableLength: waitingBytes,
      isDestroyed: false,
      writeHead: () => undefined,
      write: (text: string) => written.push(text),
      destroy: () => {
        raw.isDestroyed = true;
      },
      on: (_name: 'close', run: () => void) => {
        closed = run;
      },
    };
    const source = {
      onEvent: (listener: (event: Event) => void) => {
        tell = listener;
        return () => {
          tell = undefined;
        };
      },
    };
    const reply = { hijack: () => undefined, getHeaders: () => ({}), raw } as unknown as FastifyReply;
    streamEvents(reply, source, ({ slot }) => slot === 'pos-1');
    return {
      written,
      raw,
      close: () => closed(),
      tell: (one: Event) => tell?.(one),
      isHeard: () => tell !== undefined,
    };
  }

  it('has a head at once, then what is wanted, numbered', () => {
    const { written, tell } = open();
    tell(event(1, { slot: 'pos-2' }));
    tell(event(2, { slot: 'pos-1' }));
    expect(written).toEqual([': connected\n\n', `id: 2\ndata: ${JSON.stringify(event(2, { slot: 'pos-1' }))}\n\n`]);
  });

  it('ends with its connection', () => {
    const { close, isHeard } = open();
    close();
    expect(isHeard()).toBe(false);
  });

  it('cuts a reader off who takes nothing', () => {
    const { raw, tell, written } = open(2 << 20);
    tell(event(1, { slot: 'pos-1' }));
    expect([raw.isDestroyed, written.length]).toEqual([true, 1]);
  });
});

it('ends the streams of those who follow when the site stops', async () => {
  const site = { onEvent: () => () => undefined } as unknown as SiteQueries;
  const http = await createHttpServer({
    log: new SampleLog(),
    routes: [(app) => registerApiRoutes(app, site, () => false)],
  });
  const port = await http.listen({ address: '127.0.0.1', port: 0 });
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/events`, { headers: { accept: 'text/event-stream' } });
  const text = answer.text();
  // Far longer than the test may take: the end must come from the stream itself.
  await http.close(600_000);
  expect(await text).toBe(': connected\n\n');
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdminWorld } from '../../../test/support/admin-world.ts';
import { NO_LOG } from '../../../test/support/rollout-world.ts';
import { createHttpServer } from '../../adapters/http/server.ts';
import { type AdminDesks, adminGroups } from '../admin-groups.ts';
import type { Door } from './door.ts';
import { ROLES } from './policy/roles.ts';
import { registerAdmin } from './routes.ts';

const SITES = ['store-1', 'store-2', 'store-3', 'store-4'];
type World = Awaited<ReturnType<typeof createAdminWorld>>;
let api: World;
let reader: string;
let operator: string;
let admin: string;

beforeAll(async () => {
  api = await createAdminWorld();
  [reader, operator, admin] = [
    await api.token('reader', 'read'),
    await api.token('ann', 'operate'),
    await api.token('root', 'admin'),
  ];
  await api.world.addSites(SITES);
  await api.world.push(SITES);
});
afterAll(() => api.close());

async function audit(): Promise<string[]> {
  const entries = await api.store.read((tx) => tx.audit({ limit: 1_000 }));
  return entries.map(({ who, action, subject }) => `${who} ${action} ${subject}`);
}

describe('the door', () => {
  it('lets nobody in without a token, and says which kind it wants', async () => {
    const answer = await api.ask(undefined, 'fleet');
    expect([answer.statusCode, answer.headers['www-authenticate'], answer.json().error.code]).toEqual([
      401,
      'Bearer realm="slipway"',
      'admin-token-refused',
    ]);
  });

  it('knows a wrong, a withdrawn and an old token apart, and all of them from a good one', async () => {
    const made = (await api.ask(admin, 'tokens', { name: 'soon-gone', role: 'read' })).json();
    expect((await api.ask(made.token, 'fleet')).statusCode).toBe(200);
    await api.ask(admin, `tokens/${made.id}/withdraw`, {});
    const old = await api.token('old', 'read', { expiresAt: 1 });
    const other = `${made.token.slice(0, -1)}${made.token.endsWith('A') ? 'B' : 'A'}`;
    const messages = [];
    for (const token of [made.token, old, other, 'slipway_nothing'])
      messages.push((await api.ask(token, 'fleet')).json().error.message);
    expect(messages).toEqual([
      'the token soon-gone was withdrawn',
      'the time of the token old is over',
      'head office does not know this token',
      'head office does not know this token',
    ]);
  });

  it('lets no page of somebody else in, by whatever name', async () => {
    const codes = [];
    for (const headers of [
      { host: 'rebound.example.net' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      codes.push((await api.ask(reader, 'fleet', undefined, headers)).json().error.code);
    expect(codes).toEqual(['foreign-request', 'foreign-request', 'foreign-request']);
    expect((await api.ask(reader, 'fleet', undefined, { host: 'hub.example.com' })).statusCode).toBe(200);
  });

  it('looks at nothing from an address with ten wrong tokens', async () => {
    const own = await createAdminWorld();
    const good = await own.token('good', 'read');
    for (let n = 0; n < 10; n++) expect((await own.ask('slipway_wrong', 'fleet')).statusCode).toBe(401);
    expect((await own.ask(good, 'fleet')).json().error.code).toBe('too-many-tries');
    own.world.clock.ms += 60_000;
    expect((await own.ask(good, 'fleet')).statusCode).toBe(200);
    await own.close();
  });

  const routes = adminGroups({} as AdminDesks);
  it.each(routes.map((route) => [route.id, route] as const))(
    'asks for the role of %s',
    async (_id, { method, path, role }) => {
      const lesser = [undefined, reader, operator][ROLES.indexOf(role)];
      const answer = await api.ask(lesser, path, method === 'POST' ? {} : undefined);
      expect(answer.json().error.code).toBe(role === 'read' ? 'admin-token-refused' : 'role-missing');
    },
  );
});

describe('tokens', () => {
  it('are shown once, and never kept', async () => {
    const made = (await api.ask(admin, 'tokens', { name: 'ci', role: 'operate', expiresInMs: 86_400_000 })).json();
    expect(made.token).toMatch(/^slipway_/);
    const list = (await api.ask(admin, 'tokens')).json().tokens;
    expect(list.find((one: { name: string }) => one.name === 'ci')).toMatchObject({ role: 'operate', state: 'valid' });
    const kept = JSON.stringify(await api.store.read((tx) => tx.list('tokens')));
    expect(kept + JSON.stringify(list)).not.toContain(made.token.slice(21));
    expect(await audit()).toContain('root token.new ci');
  });

  it.each([
    [{ name: 'ci', role: 'read' }, 'command-refused'],
    [{ name: 'terminal', role: 'read' }, 'usage-invalid'],
    [{ name: 'X Y', role: 'read' }, 'usage-invalid'],
    [{ name: 'x', role: 'root' }, 'usage-invalid'],
    [{ name: 'x', role: 'read', more: 1 }, 'usage-invalid'],
  ])('are refused as %j', async (body, code) => {
    expect((await api.ask(admin, 'tokens', body)).json().error.code).toBe(code);
  });
});

describe('an act', () => {
  it('and its entry in the audit are there together, or neither is', async () => {
    const before = await audit();
    const publications = async () => (await api.store.read((tx) => tx.list('publications'))).length;
    // The last write of the unit is that of the audit: it fails, and takes the publication with it.
    const appendAudit = api.store.work;
    api.store.work = (unit) =>
      appendAudit((tx) =>
        unit({ ...tx, put: tx.put, appendAudit: () => Promise.reject(new Error('the disk is gone')) }),
      );
    expect((await api.ask(operator, 'publications', {})).statusCode).toBe(500);
    api.store.work = appendAudit;
    expect([await publications(), await audit()]).toEqual([0, before]);
  });

  it('is JSON, and nothing that a form can send', async () => {
    const answer = await api.http.app.inject({
      ...{ url: '/api/v1/publications', method: 'POST', payload: 'x=1' },
      headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([answer.statusCode, answer.json().error.code]).toEqual([415, 'usage-invalid']);
  });
});

describe('what is shown', () => {
  it('is a publication from its begin to its end', async () => {
    const begun = await api.ask(operator, 'publications', { rules: { canary: ['tier=first'], soakMs: 600_000 } });
    expect(begun.json()).toMatchObject({ id: 'r1', push: 'p1', by: 'ann', counts: { sites: 4, canaries: 2 } });
    expect((await api.ask(reader, 'publications/r1')).json()).toMatchObject({
      ...{ state: 'canary', acts: ['pause', 'abort', 'rollback'] },
      because: 'waits: the sites that come first, 0 of 2 confirmed',
    });
    expect((await api.ask(reader, 'sites?behind=true')).json()).toMatchObject({
      total: 4,
      rows: [
        {
          site: 'store-1',
          revision: { number: 0, wanted: { number: 1, push: 'p1', publication: 'r1' }, state: 'offered' },
        },
        { site: 'store-2', revision: { because: 'waits: the sites that come first, 0 of 2 confirmed' } },
        {},
        {},
      ],
    });
    for (const site of ['store-1', 'store-4']) await api.world.say(site, 1, 'confirmed');
    expect((await api.ask(reader, 'publications/r1')).json()).toMatchObject({ state: 'soaking' });
    expect((await api.ask(reader, 'publications/r1/sites?state=waiting')).json().rows[0].because).toMatch(
      /^waits: the sites that come first soak until 20\d\d-\d\d-\d\d \d\d:\d\d UTC$/,
    );
    expect((await api.ask(reader, 'sites/store-1/revisions')).json().rows).toMatchObject([
      { number: 2, kind: 'back', inForce: false },
      { number: 1, kind: 'forward', inForce: true, wanted: true },
    ]);
    const paused = await api.ask(operator, 'publications/r1/pause', { because: 'lunch' });
    expect(paused.json()).toEqual({ sentence: 'Publication r1 is paused: nobody else is offered it.' });
    const refused = await api.ask(operator, 'publications/r1/pause', {});
    expect([refused.statusCode, refused.json().error.message]).toEqual([
      409,
      'publication r1 is paused, so pause is not possible; what can be done is: resume, abort, rollback',
    ]);
    expect((await audit()).slice(-5)).toEqual([
      'head office publish.is-canary r1',
      'ann publish.start r1',
      'head office publish.is-soaking r1',
      'head office publish.is-paused r1',
      'ann publish.pause r1',
    ]);
  });

  it('is sites by search, label and state, in pages', async () => {
    const names = async (query: string) =>
      (await api.ask(reader, `sites?${query}`)).json().rows.map((row: { site: string }) => row.site);
    expect(await names('search=STORE-2')).toEqual(['store-2']);
    expect(await names('labels=tier%3Dfirst')).toEqual(['store-1', 'store-4']);
    expect(await names('state=online&offset=1&limit=2')).toEqual(['store-2', 'store-3']);
    expect(await names('without=p1')).toEqual(['store-2', 'store-3']);
    api.world.clock.ms += 180_000;
    expect(await names('state=silent')).toEqual(SITES);
    expect((await api.ask(reader, 'sites?state=nonsense')).json().error.code).toBe('usage-invalid');
    expect((await api.ask(reader, 'sites?limit=501')).json().error.code).toBe('usage-invalid');
  });

  it('is one site, as it said of itself, and nothing of a shape that is unknown', async () => {
    const say = (key: string, value: string) =>
      api.store.work((tx) =>
        tx.put('states', `store-2/${key}`, { site: 'store-2', key, digest: '' as never, value, at: 1 }),
      );
    await say('slots/pos-2', JSON.stringify({ state: 'enrolled', sentence: 'runs', machine: { mac: 'x', more: 1 } }));
    await say('slots/pos-10', JSON.stringify({ state: 'empty', sentence: '' }));
    await say('slots/broken', '{');
    await say('site', JSON.stringify({ revision: { number: 2 }, notReady: ['its clock'] }));
    await say('alarms', JSON.stringify([{ sentence: 'x', toDo: 'y', lastAt: 3 }, 7]));
    const images = [
      { name: 'app', image: 'registry.test/pos/app:1', by: 'revision', state: 'partial', sentence: '40 %', more: 1 },
      { name: 'tool', state: 'complete', sentence: 'complete' },
    ];
    await say('images', JSON.stringify([...images, 'x']));
    await say('freeze', JSON.stringify({ until: 99, because: 'trading' }));
    const site = (await api.ask(reader, 'sites/store-2')).json();
    expect(site).toMatchObject({
      ...{ revision: { number: 2, push: 'p1' }, notReady: ['its clock'], slots: { enrolled: 1, total: 2 } },
      freeze: { until: 99, because: 'trading' },
      images: { complete: 1, total: 2 },
      imageViews: [
        { name: 'app', image: 'registry.test/pos/app:1', state: 'partial', sentence: '40 %' },
        { name: 'tool', image: '', state: 'complete', sentence: 'complete' },
      ],
      slotViews: [{ slot: 'pos-10' }, { slot: 'pos-2', machine: { mac: 'x' } }],
      siteAlarms: [{ sentence: 'x', count: 1 }],
    });
    expect((await api.ask(reader, 'fleet')).json()).toMatchObject({ lackImages: 1 });
    expect((await api.ask(reader, 'sites/store-9')).json().error.code).toBe('not-found');
  });

  it('is each enrolment once, and the timeline of a slot', async () => {
    const event = { site: 'store-1', epoch: 'e', type: 'node-enrolled', sentence: 'pos-1 is enrolled', slot: 'pos-1' };
    const times = { at: 5, receivedAt: 1_000 };
    for (let n = 0; n < 2; n++)
      await api.store.work((tx) =>
        tx.appendEvents([
          { ...event, ...times, seq: 1 },
          { ...event, ...times, seq: 2, slot: 'pos-2', data: '{"mac":"x"}' },
          { ...event, ...times, seq: 3, type: 'lease-given' },
        ]),
      );
    expect((await api.ask(reader, 'enrolments?from=1000&to=1001')).json()).toMatchObject({ total: 2 });
    expect((await api.ask(reader, 'enrolments?to=1000')).json()).toEqual({ total: 0, rows: [] });
    const second = (await api.ask(reader, 'enrolments?site=store-1&limit=1&offset=1')).json();
    expect(second).toMatchObject({ total: 2, rows: [{ slot: 'pos-1' }] });
    const slot = (await api.ask(reader, 'sites/store-1/events?slot=pos-1&limit=1')).json();
    expect(slot).toMatchObject({ events: [{ type: 'lease-given' }], next: 3 });
    const older = await api.ask(reader, `sites/store-1/events?slot=pos-1&before=${slot.next}`);
    expect(older.json().events).toMatchObject([{ type: 'node-enrolled', seq: 1 }]);
  });

  it('is the audit in pages, the newest first and all of it', async () => {
    const ids: number[] = [];
    let before = '';
    for (;;) {
      const page = (await api.ask(reader, `audit?limit=3${before}`)).json();
      ids.push(...page.entries.map((entry: { id: number }) => entry.id));
      if (page.next === undefined) break;
      before = `&before=${page.next}`;
    }
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, n) => ids.length - n));
    expect(ids.length).toBeGreaterThan(6);
  });

  it('is head office in a few numbers', async () => {
    expect((await api.ask(reader, 'fleet')).json()).toMatchObject({
      ...{ hub: 'head-office', version: '1.2.3', you: { name: 'reader', role: 'read' }, behind: 2 },
      ...{ slots: { enrolled: 1, total: 2 }, labels: { tier: ['first', 'rest'] }, publications: [{ id: 'r1' }] },
    });
  });
});

describe('the OpenAPI document', () => {
  it('describes every route that there is', async () => {
    const document = (await api.http.app.inject({ url: '/api/v1/openapi.json' })).json();
    const described = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served: string[] = [];
    const routes = adminGroups({} as AdminDesks);
    const http = await createHttpServer({
      log: NO_LOG,
      routes: [
        (app) => {
          app.addHook(
            'onRoute',
            ({ method, url }) => void served.push(`${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`),
          );
          registerAdmin(app, { ...api, routes, version: '', notReady: () => [], now: () => 0, door: {} as Door });
        },
      ],
    });
    await http.close(0);
    const ofApi = served.filter((route) => route.includes(' /api/v1/') && !route.startsWith('HEAD'));
    expect(ofApi.sort()).toEqual(described.sort());
    expect(served.length).toBeGreaterThan(20);
  });
});

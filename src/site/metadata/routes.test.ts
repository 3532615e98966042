import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  leaseChange,
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  POS_UUID,
  SampleClock,
  SampleLog,
  SampleNeighbours,
  SampleSignals,
  SampleStore,
  SITE,
  sampleLease,
  sampleProfile,
  sampleRevision,
  sampleSecrets,
  sampleSlot,
  sampleTokens,
  T0,
} from '../../../test/support/sample-site.ts';
import { createHttpServer, type HttpServer } from '../../adapters/http/server.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import { TEMPLATE_SURROUNDINGS } from '../../model/dhcp-role.ts';
import type { EvidenceKind, MachineId } from '../../model/machine.ts';
import type { Document, Revision } from '../../model/revision.ts';
import { metadataRoutes } from './routes.ts';

let server: HttpServer;
afterEach(() => server.close());

const ELSEWHERE = '10.0.0.200';

async function setUp(revision: Revision | undefined = sampleRevision(), isStarting = false) {
  const signals = new SampleSignals();
  const log = new SampleLog();
  const neighbours = new SampleNeighbours();
  neighbours.set(POS_ADDRESS, POS_MAC);
  const deps = {
    store: new SampleStore([leaseChange(sampleLease())]),
    revisions: { current: () => (isStarting ? undefined : revision) },
    addresses: () => [SITE],
    tokens: sampleTokens,
    signals,
    arp: neighbours,
    surroundings: TEMPLATE_SURROUNDINGS,
    secrets: sampleSecrets(),
    clock: new SampleClock(),
    log,
  };
  server = await createHttpServer({ log, routes: [metadataRoutes(deps)] });
  const get = async (url: string, remoteAddress: string = POS_ADDRESS, agent = 'Cloud-Init/26.2') => {
    const headers = { 'user-agent': agent };
    const answer = await server.app.inject({ method: 'GET', url, remoteAddress, headers });
    return { status: answer.statusCode, body: answer.body, headers: answer.headers };
  };
  return { get, signals, log, store: deps.store };
}

function withDocuments(
  documents: Readonly<Record<string, Document>>,
  changes: Parameters<typeof sampleSlot>[0] = {},
): Revision {
  return sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ documents }), ...changes }) } });
}

const seed = '/nocloud/52-54-00-00-00-01';

describe('the four files of a known machine', () => {
  it('meta-data', async () => {
    const { get } = await setUp();
    const { status, body, headers } = await get(`${seed}/meta-data`);
    expect([status, body]).toEqual([200, 'instance-id: "pos-1.1"\nlocal-hostname: "pos-1"\n']);
    expect(headers).toMatchObject({
      'content-length': String(body.length),
      'content-type': 'text/plain; charset=utf-8',
    });
  });

  it('user-data, with its places filled so that YAML 1.1 reads a text', async () => {
    const { get } = await setUp();
    const { body } = await get(`${seed}/user-data`);
    expect(body).toBe('#cloud-config\nmac: "52:54:00:00:00:01"\n');
    expect(parse(body, { version: '1.1' })).toEqual({ mac: POS_MAC });
  });

  it('vendor-data, with where to phone home', async () => {
    const { get } = await setUp();
    const { body } = await get(`${seed}/vendor-data`);
    const url = `http://10.0.0.1/r/report_525400000001_${T0}`;
    expect(body).toBe(
      [
        '#cloud-config',
        'phone_home:',
        `  url: "${url}/phone-home"`,
        '  post: "all"',
        '  tries: 10',
        'reporting:',
        '  slipway:',
        '    type: "webhook"',
        `    endpoint: "${url}/report"`,
        '',
      ].join('\n'),
    );
  });

  it('network-config, for cloud-init and Talos alike', async () => {
    const { get } = await setUp();
    const { body } = await get(`${seed}/network-config`);
    expect(parse(body, { version: '1.1' })).toEqual({
      version: 2,
      ethernets: { id0: { match: { macaddress: POS_MAC }, dhcp4: true } },
    });
    expect(body).toContain('macaddress: "52:54:00:00:00:01"');
  });

  it('are there also where the template gives none, and none is ever empty', async () => {
    const { get } = await setUp(withDocuments({}));
    for (const file of ['meta-data', 'user-data', 'vendor-data', 'network-config']) {
      const { status, body } = await get(`${seed}/${file}`);
      expect(status).toBe(200);
      expect(body.length).toBeGreaterThan(10);
    }
    expect((await get(`${seed}/user-data`)).body).toBe('#cloud-config\n{}\n');
  });

  it.each([
    `${seed}meta-data`,
    `${seed}//meta-data`,
    `${seed}/meta-data/`,
    '/nocloud/pos-1/meta-data',
    '/nocloud/52:54:00:00:00:01/meta-data',
    '/nocloud/pos-1meta-data',
    `${seed}/meta-data?x=1`,
  ])('%s is found', async (path) => {
    const { get } = await setUp();
    expect(await get(path)).toMatchObject({ status: 200, body: expect.stringContaining('pos-1.1') });
  });

  it('lists its files for a person', async () => {
    const { get } = await setUp();
    expect((await get(`${seed}/`)).body).toBe('meta-data\nuser-data\nvendor-data\nnetwork-config\n');
  });
});

describe('documents of a template', () => {
  it('with fill false are handed on as they are', async () => {
    const text = '## template: jinja\n#cloud-config\nhostname: {{ ds.meta_data.local_hostname }} @{boot.mac}\n';
    const { get } = await setUp(withDocuments({ 'user-data': { kind: 'text', text, fill: false, secret: false } }));
    expect((await get(`${seed}/user-data`)).body).toBe(text);
  });

  it('network-config of a template goes before ours', async () => {
    const text = 'version: 2\nethernets: {}\n';
    const { get } = await setUp(withDocuments({ 'network-config': { kind: 'text', text, fill: true, secret: false } }));
    expect((await get(`${seed}/network-config`)).body).toBe(text);
  });

  it('from interfaces lists those whose address is known', async () => {
    const interfaces = {
      lan0: { boot: true, network: 'nodes' },
      san0: { boot: false, network: 'nodes', mac: '02:00:00:00:00:02' as MacAddress },
      dark: { boot: false, network: 'nodes' },
    };
    const { get } = await setUp(withDocuments({ 'network-config': { kind: 'interfaces' } }, { interfaces }));
    expect(parse((await get(`${seed}/network-config`)).body)).toEqual({
      version: 2,
      ethernets: {
        lan0: { match: { macaddress: POS_MAC }, dhcp4: true },
        san0: { match: { macaddress: '02:00:00:00:00:02' }, dhcp4: true },
      },
    });
  });

  it('with a place that nothing fills are not served half', async () => {
    const { get, log } = await setUp(
      withDocuments({ 'user-data': { kind: 'text', text: 'a: @{boot.nothing}\n', fill: true, secret: false } }),
    );
    expect(await get(`${seed}/user-data`)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(log.lines.some(({ level }) => level === 'error')).toBe(true);
  });
});

describe('who asks', () => {
  it('only the machine itself gets a token, and is seen on its way', async () => {
    const { get, signals } = await setUp();
    expect((await get(`${seed}/vendor-data`, ELSEWHERE)).body).toBe('#cloud-config\n{}\n');
    expect(signals.heard).toEqual([]);
    await get(`${seed}/user-data`);
    expect(signals.heard).toEqual([
      { kind: 'document', at: T0, mac: POS_MAC, document: 'user-data', address: POS_ADDRESS },
    ]);
  });

  it('a machine that asks for the documents of another gets no token', async () => {
    const slots = { 'pos-1': sampleSlot(), 'pos-2': sampleSlot({ name: 'pos-2', match: [{ mac: OTHER_MAC }] }) };
    const { get } = await setUp(sampleRevision({ slots }));
    expect((await get('/nocloud/pos-2/vendor-data')).body).toBe('#cloud-config\n{}\n');
  });

  it('a stranger with a lease of its own gets no token of pos-1 by any of its names', async () => {
    const { get, signals, store } = await setUp();
    const said = (kind: EvidenceKind, value: string) =>
      ({ kind, value, source: 'script', firstSeen: T0, lastSeen: T0 }) as const;
    const pos = { id: 'm1' as MachineId, evidence: [said('mac', POS_MAC), said('uuid', POS_UUID)] };
    const stranger = { id: 'm2' as MachineId, evidence: [said('mac', OTHER_MAC)] };
    const lease = sampleLease({ client: OTHER_MAC, mac: OTHER_MAC, address: ELSEWHERE as Ipv4 });
    const machines = [pos, stranger].map((row) => ({ table: 'machines', key: row.id, row }) as const);
    await store.commit([...machines, leaseChange(lease)], []);
    for (const id of ['pos-1', '52-54-00-00-00-01', POS_UUID]) {
      expect((await get(`/nocloud/${id}/vendor-data`, ELSEWHERE)).body).toBe('#cloud-config\n{}\n');
      expect((await get(`/nocloud/${id}/vendor-data`)).body).toContain('phone_home:');
    }
    expect(signals.heard.map((signal) => signal.kind === 'document' && signal.mac)).toEqual([
      POS_MAC,
      POS_MAC,
      POS_MAC,
    ]);
  });

  it('by token all four files are there, for its machine alone', async () => {
    const { get, signals } = await setUp();
    const token = sampleTokens.mint({ use: 'read', mac: POS_MAC, issuedAt: T0 });
    expect((await get(`/t/${token}/vendor-data`)).body).toContain('phone_home:');
    expect((await get(`/t/${token}/meta-data`)).status).toBe(200);
    expect(signals.heard.map(({ kind }) => kind)).toEqual(['tick', 'document', 'tick', 'document']);
    expect(await get(`/t/${token}/meta-data`, ELSEWHERE)).toMatchObject({ status: 403, body: '' });
    expect(await get(`/t/${token}/passwd`)).toMatchObject({ status: 404 });
  });
});

describe('machines without a slot', () => {
  it('get all four, with nothing to do; Talos is told to ask for user-data later', async () => {
    const { get } = await setUp();
    const pending = '/nocloud/52-54-00-00-00-99';
    expect((await get(`${pending}/meta-data`)).body).toBe('instance-id: "pending.52-54-00-00-00-99"\n');
    expect(parse((await get(`${pending}/network-config`)).body)).toMatchObject({ version: 2 });
    expect((await get(`${pending}/vendor-data`)).body).toBe('#cloud-config\n{}\n');
    expect(await get(`${pending}/user-data`)).toMatchObject({ status: 200, body: '#cloud-config\n{}\n' });
    const talos = await get(`${pending}/user-data`, POS_ADDRESS, 'Go-http-client/1.1');
    expect(talos).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  });

  it('an id that is nobody’s is said to be so', async () => {
    const { get } = await setUp();
    const answer = await get('/nocloud/pos-9/meta-data');
    expect(answer.status).toBe(404);
    expect(answer.body).toContain('no slot or machine of this site is called');
    expect((await get(`${seed}/passwd`)).status).toBe(404);
  });

  it('while the site starts everything is told to come later', async () => {
    const { get } = await setUp(undefined, true);
    expect(await get(`${seed}/meta-data`)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  });
});

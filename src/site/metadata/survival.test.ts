import { afterEach, describe, expect, it } from 'vitest';
import {
  anaconda,
  cloudInit,
  debianInstaller,
  ignition,
  type Outcome,
  talosMetal,
  talosNocloud,
  type World,
} from '../../../test/support/format-clients.ts';
import {
  createFormatSite,
  EMPTY,
  type FormatSite,
  ID,
  INSTALLING,
  orderRow,
  TEXTS,
  withProfile,
} from '../../../test/support/format-site.ts';
import { OTHER_MAC, POS_MAC, sampleTokens, T0 } from '../../../test/support/sample-site.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { Profile } from '../../model/revision.ts';
import { applyChanges } from '../../model/state.ts';

let site: FormatSite | undefined;
afterEach(() => site?.server.close());

const talosSeed: Partial<Profile> = {
  documents: { 'user-data': { kind: 'text', text: TEXTS.talos, fill: true, secret: false } },
};

type Client = (world: World, id: string) => Promise<Outcome>;
const clients = {
  'Talos on metal': (world, id) => talosMetal(world, `/documents/${id}/talos`, {}),
  'Talos 1.11 with a seed': (world, id) => talosNocloud(world, `/store/${id}/`, '1.11'),
  'Talos 1.12 with a seed': (world, id) => talosNocloud(world, `/store/${id}/`, '1.12'),
  Ignition: (world, id) => ignition(world, `/documents/${id}/ignition`),
  'the Debian installer': (world, id) => debianInstaller(world, `/documents/${id}/preseed`),
  Anaconda: (world, id) => anaconda(world, `/documents/${id}/kickstart`, []),
  'cloud-init 22.4': (world, id) => cloudInit(world, `/nocloud/${id}/`, '22.4'),
  'cloud-init 24.3': (world, id) => cloudInit(world, `/nocloud/${id}/`, '24.3'),
  'cloud-init 25.1': (world, id) => cloudInit(world, `/nocloud/${id}/`, '25.1'),
} satisfies Readonly<Record<string, Client>>;
type Name = keyof typeof clients;

/** What each comes to, and after how many requests for its configuration; what waits goes on when it is time. */
const rows: readonly (readonly [Name, Readonly<Record<'pending' | 'unknown' | 'unordered' | 'gone', string>>])[] = [
  ['Talos on metal', { pending: 'waits', unknown: 'waits', unordered: 'waits', gone: 'waits' }],
  ['Talos 1.11 with a seed', { pending: 'waits', unknown: 'waits', unordered: 'waits', gone: 'nothing-to-do 1' }],
  ['Talos 1.12 with a seed', { pending: 'waits', unknown: 'waits', unordered: 'waits', gone: 'nothing-to-do 1' }],
  ['Ignition', { pending: 'waits', unknown: 'waits', unordered: 'waits', gone: 'waits' }],
  [
    'the Debian installer',
    { pending: 'asks-a-person 1', unknown: 'asks-a-person 1', unordered: 'asks-a-person 1', gone: 'asks-a-person 1' },
  ],
  // A minute; whoever is given a slot in it goes on.
  ['Anaconda', { pending: 'gave-up 4', unknown: 'broken 1', unordered: 'broken 1', gone: 'broken 1' }],
  // Without its data source a system comes up as it is, and an installer asks at its screen.
  [
    'cloud-init 22.4',
    { pending: 'nothing-to-do 1', unknown: 'broken 11', unordered: 'broken 11', gone: 'nothing-to-do 1' },
  ],
  [
    'cloud-init 24.3',
    { pending: 'nothing-to-do 1', unknown: 'broken 11', unordered: 'broken 11', gone: 'nothing-to-do 1' },
  ],
  [
    'cloud-init 25.1',
    { pending: 'nothing-to-do 1', unknown: 'broken 11', unordered: 'waits', gone: 'nothing-to-do 1' },
  ],
];

function summary({ came, tries }: Outcome): string {
  return came === 'waits' ? came : `${came} ${tries}`;
}

describe.each(rows)('%s', (name, wanted) => {
  const install = { ...(name.startsWith('Talos 1') ? talosSeed : {}), ...INSTALLING };
  const client: Client = clients[name];

  it('survives a machine without a slot', async () => {
    site = await createFormatSite(EMPTY);
    expect(summary(await client(site.world, ID))).toBe(wanted.pending);
  });

  it('survives that nobody knows it', async () => {
    site = await createFormatSite(withProfile(install));
    expect(summary(await client(site.world, 'nobody'))).toBe(wanted.unknown);
  });

  it('survives that nobody ordered its install, and erases nothing', async () => {
    site = await createFormatSite(withProfile(install));
    const done = await client(site.world, ID);
    expect(summary(done)).toBe(wanted.unordered);
    expect(Object.values(TEXTS)).not.toContain(done.body);
  });

  it('survives that it is installed', async () => {
    site = await createFormatSite(withProfile(install));
    applyChanges(site.store.state, [orderRow({ state: { kind: 'confirmed', at: T0, by: 'api' } })]);
    expect(summary(await client(site.world, ID))).toBe(wanted.gone);
  });

  it('is configured with its first request by an order', async () => {
    site = await createFormatSite(withProfile(install));
    applyChanges(site.store.state, [orderRow()]);
    expect(await client(site.world, ID)).toMatchObject({ came: 'configured', tries: 1, waitedMs: 0 });
  });
});

describe('user-data of an install that anybody may read', () => {
  const byId = `/nocloud/${ID}/user-data`;
  const byToken = `/t/${sampleTokens.mint({ use: 'read', mac: POS_MAC, issuedAt: T0 })}/user-data`;

  it.each([byId, '/store/pos-1/user-data', byToken])('%s is closed until the order, and over after it', async (url) => {
    site = await createFormatSite(withProfile(INSTALLING));
    const { world, store } = site;
    expect(await world.ask(url)).toMatchObject({ status: 503, retryAfterSeconds: 5 });
    applyChanges(store.state, [orderRow()]);
    expect(await world.ask(url)).toMatchObject({ status: 200, body: TEXTS['user-data'] });
    applyChanges(store.state, [orderRow({ state: { kind: 'confirmed', at: T0, by: 'api' } })]);
    expect(await world.ask(url)).toEqual({ status: 200, body: '#cloud-config\n{}\n' });
  });

  it('is an attempt also of a machine with a fixed address, and goes to nobody else', async () => {
    site = await createFormatSite(withProfile(INSTALLING));
    const { server, store, neighbours, signals } = site;
    applyChanges(store.state, [orderRow()]);
    const ask = async (remoteAddress: string) =>
      (await server.app.inject({ url: `/documents/${ID}/preseed`, remoteAddress })).statusCode;
    neighbours.set('10.0.0.66' as Ipv4, OTHER_MAC);
    neighbours.set('10.0.0.50' as Ipv4, POS_MAC);
    expect([await ask('10.0.0.66'), await ask('10.0.0.67'), store.state.orders.get('o1')?.state.kind]).toEqual([
      404,
      404,
      'open',
    ]);
    expect(signals.heard).toEqual([]);
    expect([await ask('10.0.0.50'), store.state.orders.get('o1')?.state.kind]).toEqual([200, 'installing']);
  });

  it.each([byId, byToken, `/documents/${ID}/preseed`])('%s is not sent where it came to be no attempt', async (url) => {
    site = await createFormatSite(withProfile(INSTALLING));
    applyChanges(site.store.state, [orderRow()]);
    site.signals.counts = false;
    expect((await site.world.ask(url)).status).not.toBe(200);
  });

  it('the other files of its seed are there at any time', async () => {
    site = await createFormatSite(withProfile(INSTALLING));
    for (const file of ['meta-data', 'vendor-data', 'network-config'])
      expect((await site.world.ask(`/nocloud/${ID}/${file}`)).status).toBe(200);
  });

  it('a seed that configures nothing is not closed', async () => {
    site = await createFormatSite(withProfile({ ...INSTALLING, documents: {} }));
    expect(await site.world.ask(byId)).toEqual({ status: 200, body: '#cloud-config\n{}\n' });
  });
});

describe('a system whose seed lies in SMBIOS', () => {
  it('goes on by itself when the template has it, as Talos, and comes up as it is, as cloud-init', async () => {
    const later = () => {
      if (site) site.now.revision = withProfile(talosSeed);
    };
    site = await createFormatSite(EMPTY, { atMs: 600_000, run: later });
    expect(await cloudInit(site.world, `/nocloud/${ID}/`, '25.1')).toMatchObject({
      came: 'nothing-to-do',
      waitedMs: 0,
    });
    const talos = await talosNocloud(site.world, '/store/pos-1/');
    expect(talos).toMatchObject({ came: 'configured', console: 'unknown: nothing here for it\n' });
  });

  it('is told apart by its User-Agent alone', async () => {
    site = await createFormatSite(EMPTY);
    const { world } = site;
    const ask = async (agent: string) => {
      const { status, body } = await world.ask(`/nocloud/${ID}/user-data`, { 'user-agent': agent });
      return [status, body];
    };
    expect(await ask('Go-http-client/1.1')).toEqual([503, 'waiting: no slot for it yet\n']);
    expect(await ask('Go-http-client/2.0')).toEqual([503, 'waiting: no slot for it yet\n']);
    expect(await ask('Cloud-Init/26.2')).toEqual([200, '#cloud-config\n{}\n']);
    expect(await ask('curl/8.14.1 (not Go-http-client/1.1)')).toEqual([200, '#cloud-config\n{}\n']);
  });

  it('without a slot is not seen as configured', async () => {
    site = await createFormatSite(EMPTY);
    await cloudInit(site.world, `/nocloud/${ID}/`);
    expect(site.signals.heard.map((signal) => signal.kind === 'document' && signal.document)).toEqual([
      'meta-data',
      'vendor-data',
    ]);
  });
});

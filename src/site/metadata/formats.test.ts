import { afterEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  anaconda,
  cloudInit,
  debianInstaller,
  ignition,
  talosMetal,
  talosNocloud,
  type World,
} from '../../../test/support/format-clients.ts';
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
import { bindingKey } from '../../model/boot.ts';
import type { MachineId } from '../../model/machine.ts';
import { ARMED, type OrderId } from '../../model/order.ts';
import type { Document, Profile, Revision } from '../../model/revision.ts';
import { applyChanges } from '../../model/state.ts';
import type { Change } from '../../model/store.ts';
import { metadataRoutes } from './routes.ts';

let server: HttpServer;
afterEach(() => server.close());

const id = '52-54-00-00-00-01';
const machine = 'm1' as MachineId;
const texts = {
  talos: 'version: v1alpha1\nmachine: {}\n',
  ignition: '{"ignition": {"version": "3.3.0"}}\n',
  preseed: 'd-i debian-installer/locale string en_GB\n',
  kickstart: 'reboot\n',
  'user-data': '#cloud-config\nautoinstall: { version: 1 }\n',
};
const documents = Object.fromEntries(
  Object.entries(texts).map(([name, text]) => [name, { kind: 'text', text, fill: true, secret: false } as Document]),
);
const installing: Partial<Profile> = {
  kind: 'install',
  install: { completes: 'api', attempts: 3, withinSeconds: 2_700 },
};

const order: Change = {
  table: 'orders',
  key: 'o1',
  row: {
    ...{ id: 'o1' as OrderId, slot: 'pos-1', binding: 1, profile: sampleProfile().digest },
    ...{ by: { kind: 'person', name: 'cli' }, createdAt: T0, expiresAt: T0 + 86_400_000 },
    ...{ attempts: 0, maxAttempts: 3, wipe: false, state: { kind: 'open' } },
  },
};

function withProfile(changes: Partial<Profile>): Revision {
  const match = [{ mac: POS_MAC }, { uuid: POS_UUID }, { serial: 'CZC123' }];
  return sampleRevision({
    slots: { 'pos-1': sampleSlot({ match, profile: sampleProfile({ documents, ...changes }) }) },
  });
}

/** A site whose revision has no slot for the machine until somebody gives it one. */
async function setUp(first: Revision | undefined, later?: { readonly atMs: number; readonly run: () => void }) {
  const evidence = [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }] as const;
  const store = new SampleStore([
    leaseChange(sampleLease({ expiresAt: T0 + 86_400_000 })),
    { table: 'machines', key: machine, row: { id: machine, evidence } },
    {
      table: 'bindings',
      key: bindingKey('pos-1', 1),
      row: { slot: 'pos-1', number: 1, machine, since: T0, health: 'waiting' },
    },
    { table: 'marks', key: ARMED, row: { at: T0, by: 'cli' } },
  ]);
  const clock = new SampleClock();
  const neighbours = new SampleNeighbours();
  neighbours.set(POS_ADDRESS, POS_MAC);
  const signals = new SampleSignals();
  const log = new SampleLog();
  const now = { revision: first };
  const deps = {
    ...{ store, signals, log, clock, tokens: sampleTokens, arp: neighbours, secrets: sampleSecrets() },
    revisions: { current: () => now.revision },
    addresses: () => [SITE],
  };
  server = await createHttpServer({ log, routes: [metadataRoutes(deps)] });
  if (later) clock.after(later.atMs, later.run);
  const asked: string[] = [];
  const world: World = {
    ask: async (url, headers = {}) => {
      asked.push(url);
      const reply = await server.app.inject({ method: 'GET', url, headers, remoteAddress: POS_ADDRESS });
      const after = reply.headers['retry-after'];
      return {
        ...{ status: reply.statusCode, body: reply.body },
        ...(after === undefined ? {} : { retryAfterSeconds: Number(after) }),
      };
    },
    wait: async (ms) => clock.pass(ms),
  };
  return { world, now, store, signals, asked, log };
}

const empty = sampleRevision({ slots: {} });

/** A machine without a slot that is given one after twenty seconds. */
async function setUpPending(profile: Partial<Profile> = {}) {
  const site = await setUp(empty, {
    atMs: 20_000,
    run: () => {
      site.now.revision = withProfile(profile);
    },
  });
  return site;
}

describe('Talos on metal', () => {
  const url = '/documents/talos?uuid=$\u007buuid}&mac=$\u007bmac}&serial=$\u007bserial}';

  it('is configured by the uuid, MAC or serial that it fills in', async () => {
    const { world, asked } = await setUp(withProfile({}));
    const done = await talosMetal(world, url, { uuid: POS_UUID, mac: POS_MAC, serial: 'CZC123' });
    expect(done).toMatchObject({ came: 'configured', tries: 1, body: texts.talos });
    expect(asked).toEqual([`/documents/talos?mac=52%3A54%3A00%3A00%3A00%3A01&serial=CZC123&uuid=${POS_UUID}`]);
    expect(parseAllDocuments(done.body)).toHaveLength(1);
  });

  it('a variable that it could not fill in is nobody’s name', async () => {
    const { world } = await setUp(withProfile({}));
    expect(await talosMetal(world, url, { mac: POS_MAC })).toMatchObject({ came: 'configured', tries: 1 });
    const { status, body } = await world.ask('/documents/talos?serial=%24%7Bserial%7D');
    expect([status, body]).toEqual([404, 'unknown: nothing here for it\n']);
    expect((await world.ask('/documents/$%7Bmac%7D/talos')).status).toBe(404);
  });

  it('waits for its slot, with the reason at its console in 32 bytes', async () => {
    const { world } = await setUpPending();
    const done = await talosMetal(world, `/documents/${id}/talos`, {});
    expect(done).toMatchObject({ came: 'configured', tries: 5, waitedMs: 26_000 });
    expect(done.console).toBe('waiting: no slot for it yet\n');
  });

  it('waits for its order', async () => {
    const site = await setUp(withProfile(installing), {
      atMs: 20_000,
      run: () => applyChanges(site.store.state, [order]),
    });
    const done = await talosMetal(site.world, `/documents/${id}/talos`, {});
    expect(done).toMatchObject({ came: 'configured', console: 'no install is ordered for it\n' });
    expect(site.signals.heard).toMatchObject([{ kind: 'document', document: 'talos', mac: POS_MAC }]);
  });

  it('waits while the site starts', async () => {
    const site = await setUp(undefined, {
      atMs: 5_000,
      run: () => {
        site.now.revision = withProfile({});
      },
    });
    expect(await talosMetal(site.world, `/documents/${id}/talos`, {})).toMatchObject({ came: 'configured', tries: 4 });
  });
});

describe('Talos with a seed', () => {
  const talos: Partial<Profile> = {
    documents: { 'user-data': { kind: 'text', text: texts.talos, fill: true, secret: false } },
  };

  it.each([`/nocloud/${id}/`, '/store/pos-1/', '/store/CZC123/'])('is configured at once from %s', async (seed) => {
    const { world, asked } = await setUp(withProfile(talos));
    expect(await talosNocloud(world, seed)).toMatchObject({ came: 'configured', tries: 1, waitedForOthersMs: 0 });
    expect(asked).toEqual(['meta-data', 'network-config', 'user-data'].map((file) => `${seed}${file}`));
  });

  it('without a slot waits for user-data alone, and never falls into maintenance', async () => {
    const { world } = await setUpPending(talos);
    const done = await talosNocloud(world, `/nocloud/${id}/`);
    expect(done).toMatchObject({ came: 'configured', waitedForOthersMs: 0 });
    expect(done.console).toBe('waiting: no slot for it yet\n');
  });
});

describe('Ignition', () => {
  it('waits for its slot for ever, and is never told 404', async () => {
    const { world, log } = await setUpPending();
    expect(await ignition(world, `/documents/${id}/ignition`)).toMatchObject({ came: 'configured' });
    expect(log.lines).toContainEqual(expect.objectContaining({ fields: { remote: POS_ADDRESS, reads: '3.3.0' } }));
  });

  it('waits for its order', async () => {
    const site = await setUp(withProfile(installing), {
      atMs: 20_000,
      run: () => applyChanges(site.store.state, [order]),
    });
    expect(await ignition(site.world, `/documents/${id}/ignition`)).toMatchObject({ came: 'configured' });
  });

  it.each(['/documents/nobody/ignition', '/documents/ignition', '/documents/ignition?uuid=$%7Buuid%7D'])(
    '%s: somebody unknown waits too',
    async (url) => {
      const { world } = await setUp(withProfile({}));
      expect((await world.ask(url)).status).toBe(503);
    },
  );

  it('a slot without such a document waits too', async () => {
    const { world } = await setUp(withProfile({ documents: {} }));
    expect((await world.ask(`/documents/${id}/ignition`)).status).toBe(503);
  });
});

describe('the Debian installer', () => {
  it('gets its answers the one time that it asks', async () => {
    const site = await setUp(withProfile(installing));
    applyChanges(site.store.state, [order]);
    expect(await debianInstaller(site.world, `/documents/${id}/preseed`)).toMatchObject({
      ...{ came: 'configured', tries: 1 },
      body: texts.preseed,
    });
  });

  it('asks a person, and erases nothing, if nobody ordered it', async () => {
    const { world } = await setUp(withProfile(installing));
    expect(await debianInstaller(world, `/documents/${id}/preseed`)).toMatchObject({ came: 'asks-a-person' });
    expect((await world.ask(`/documents/${id}/preseed`)).status).toBe(404);
  });
});

describe('Anaconda', () => {
  it('is known by the MAC of any of its NICs', async () => {
    const { world } = await setUp(withProfile({}));
    const done = await anaconda(world, '/documents/kickstart', [OTHER_MAC, POS_MAC]);
    expect(done).toMatchObject({ came: 'configured', tries: 1, body: texts.kickstart });
  });

  it('waits as long as it is told to', async () => {
    const { world } = await setUpPending();
    const done = await anaconda(world, `/documents/${id}/kickstart`, []);
    expect(done).toMatchObject({ came: 'configured', tries: 2, waitedMs: 20_000 });
  });

  it('is told at once that nobody ordered it', async () => {
    const { world } = await setUp(withProfile(installing));
    expect(await anaconda(world, `/documents/${id}/kickstart`, [])).toMatchObject({ came: 'broken', tries: 1 });
  });
});

describe('Ubuntu autoinstall', () => {
  it('reads its seed as cloud-init does', async () => {
    const { world, asked } = await setUp(withProfile({}));
    const done = await cloudInit(world, `/nocloud/${id}/`);
    expect(done).toMatchObject({ came: 'configured', tries: 1, body: expect.stringContaining('autoinstall:') });
    expect(asked.map((url) => url.split('/').at(-1))).toEqual(['meta-data', 'user-data', 'vendor-data']);
  });
});

it('what is no format is said to be so', async () => {
  const { world } = await setUp(withProfile({}));
  expect((await world.ask(`/documents/${id}/user-data`)).status).toBe(404);
  expect((await world.ask('/documents/passwd')).status).toBe(404);
});

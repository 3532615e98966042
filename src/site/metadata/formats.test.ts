import { afterEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  anaconda,
  cloudInit,
  debianInstaller,
  ignition,
  talosMetal,
  talosNocloud,
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
import { OTHER_MAC, POS_ADDRESS, POS_MAC, POS_UUID } from '../../../test/support/sample-site.ts';
import type { Profile } from '../../model/revision.ts';
import { applyChanges } from '../../model/state.ts';

let site: FormatSite | undefined;
afterEach(() => site?.server.close());

async function setUp(...given: Parameters<typeof createFormatSite>): Promise<FormatSite> {
  site = await createFormatSite(...given);
  return site;
}

/** A machine without a slot that is given one after twenty seconds. */
async function setUpPending(profile: Partial<Profile> = {}) {
  const pending = await setUp(EMPTY, {
    atMs: 20_000,
    run: () => {
      pending.now.revision = withProfile(profile);
    },
  });
  return pending;
}

describe('Talos on metal', () => {
  const url = '/documents/talos?uuid=$\u007buuid}&mac=$\u007bmac}&serial=$\u007bserial}';

  it('is configured by the uuid, MAC or serial that it fills in', async () => {
    const { world, asked } = await setUp(withProfile({}));
    const done = await talosMetal(world, url, { uuid: POS_UUID, mac: POS_MAC, serial: 'CZC123' });
    expect(done).toMatchObject({ came: 'configured', tries: 1, body: TEXTS.talos });
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
    const done = await talosMetal(world, `/documents/${ID}/talos`, {});
    expect(done).toMatchObject({ came: 'configured', tries: 5, waitedMs: 26_000 });
    expect(done.console).toBe('waiting: no slot for it yet\n');
  });

  it('waits for its order', async () => {
    const site = await setUp(withProfile(INSTALLING), {
      atMs: 20_000,
      run: () => applyChanges(site.store.state, [orderRow()]),
    });
    const done = await talosMetal(site.world, `/documents/${ID}/talos`, {});
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
    expect(await talosMetal(site.world, `/documents/${ID}/talos`, {})).toMatchObject({ came: 'configured', tries: 4 });
  });
});

describe('Talos with a seed', () => {
  const talos: Partial<Profile> = {
    documents: { 'user-data': { kind: 'text', text: TEXTS.talos, fill: true, secret: false } },
  };

  it.each([`/nocloud/${ID}/`, '/store/pos-1/', '/store/CZC123/'])('is configured at once from %s', async (seed) => {
    const { world, asked } = await setUp(withProfile(talos));
    expect(await talosNocloud(world, seed)).toMatchObject({ came: 'configured', tries: 1, waitedForOthersMs: 0 });
    expect(asked).toEqual(['meta-data', 'network-config', 'user-data'].map((file) => `${seed}${file}`));
  });

  it('without a slot waits for user-data alone, and never falls into maintenance', async () => {
    const { world } = await setUpPending(talos);
    const done = await talosNocloud(world, `/nocloud/${ID}/`);
    expect(done).toMatchObject({ came: 'configured', waitedForOthersMs: 0 });
    expect(done.console).toBe('waiting: no slot for it yet\n');
  });
});

describe('Ignition', () => {
  it('waits for its slot for ever, and is never told 404', async () => {
    const { world, log } = await setUpPending();
    expect(await ignition(world, `/documents/${ID}/ignition`)).toMatchObject({ came: 'configured' });
    expect(log.lines).toContainEqual(expect.objectContaining({ fields: { remote: POS_ADDRESS, reads: '3.3.0' } }));
  });

  it('waits for its order', async () => {
    const site = await setUp(withProfile(INSTALLING), {
      atMs: 20_000,
      run: () => applyChanges(site.store.state, [orderRow()]),
    });
    expect(await ignition(site.world, `/documents/${ID}/ignition`)).toMatchObject({ came: 'configured' });
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
    expect((await world.ask(`/documents/${ID}/ignition`)).status).toBe(503);
  });
});

describe('the Debian installer', () => {
  it('gets its answers the one time that it asks', async () => {
    const site = await setUp(withProfile(INSTALLING));
    applyChanges(site.store.state, [orderRow()]);
    expect(await debianInstaller(site.world, `/documents/${ID}/preseed`)).toMatchObject({
      ...{ came: 'configured', tries: 1 },
      body: TEXTS.preseed,
    });
  });

  it('asks a person, and erases nothing, if nobody ordered it', async () => {
    const { world } = await setUp(withProfile(INSTALLING));
    expect(await debianInstaller(world, `/documents/${ID}/preseed`)).toMatchObject({ came: 'asks-a-person' });
    expect((await world.ask(`/documents/${ID}/preseed`)).status).toBe(404);
  });
});

describe('Anaconda', () => {
  it('is known by the MAC of any of its NICs', async () => {
    const { world } = await setUp(withProfile({}));
    const done = await anaconda(world, '/documents/kickstart', [OTHER_MAC, POS_MAC]);
    expect(done).toMatchObject({ came: 'configured', tries: 1, body: TEXTS.kickstart });
  });

  it('is known by its serial number', async () => {
    const { world } = await setUp(withProfile({}));
    const done = await anaconda(world, '/documents/kickstart', [OTHER_MAC], 'CZC123');
    expect(done).toMatchObject({ came: 'configured', tries: 1, body: TEXTS.kickstart });
  });

  it('waits as long as it is told to', async () => {
    const { world } = await setUpPending();
    const done = await anaconda(world, `/documents/${ID}/kickstart`, []);
    expect(done).toMatchObject({ came: 'configured', tries: 2, waitedMs: 20_000 });
  });

  it('is told at once that nobody ordered it', async () => {
    const { world } = await setUp(withProfile(INSTALLING));
    expect(await anaconda(world, `/documents/${ID}/kickstart`, [])).toMatchObject({ came: 'broken', tries: 1 });
  });
});

describe('Ubuntu autoinstall', () => {
  it('reads its seed as cloud-init does', async () => {
    const { world, asked } = await setUp(withProfile({}));
    const done = await cloudInit(world, `/nocloud/${ID}/`);
    expect(done).toMatchObject({ came: 'configured', tries: 1, body: expect.stringContaining('autoinstall:') });
    expect(asked.map((url) => url.split('/').at(-1))).toEqual(['meta-data', 'user-data', 'vendor-data']);
  });
});

it('what is no format is said to be so', async () => {
  const { world } = await setUp(withProfile({}));
  expect((await world.ask(`/documents/${ID}/user-data`)).status).toBe(404);
  expect((await world.ask('/documents/passwd')).status).toBe(404);
});

describe('an installer whose configuration has no secret', () => {
  it.each([
    [`/documents/${ID}/talos`, 503],
    [`/documents/${ID}/preseed`, 404],
    [`/documents/${ID}/kickstart`, 403],
    [`/nocloud/${ID}/user-data`, 503],
  ])('is not given it where that would be no attempt of its order: %s', async (url, status) => {
    const { world, store, signals } = await setUp(withProfile(INSTALLING));
    applyChanges(store.state, [orderRow()]);
    signals.counts = false;
    expect((await world.ask(url)).status).toBe(status);
    expect((await world.ask(`/nocloud/${ID}/network-config`)).status).toBe(200);
    signals.counts = true;
    expect((await world.ask(url)).status).toBe(200);
  });
});

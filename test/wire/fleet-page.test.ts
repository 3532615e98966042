import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetSiteView } from '../../src/wire/api/fleet-views.ts';
import {
  sampleCounts,
  sampleEvent,
  sampleFleet,
  samplePublication,
  sampleSession,
  sampleSite,
  sampleSiteView,
} from '../support/fleet-views.ts';
import { misfits, openHere, openPhone } from './support/browser.ts';
import { ScriptedHub } from './support/fleet-hub.ts';

const MINUTE = 60_000;
const PATIENT = { timeout: 10_000 };
const EVIL = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';

const hub = new ScriptedHub();
let browser: Browser;
let page: Page;
let complaints: string[];
let port: number;

beforeAll(async () => {
  hub.sites = Array.from({ length: 3_000 }, (_, i) => {
    const labels = { region: i % 2 === 0 ? 'eu' : 'us' };
    return sampleSite({
      site: `store-${String(i).padStart(4, '0')}`,
      labels,
      since: Date.now(),
      lastHeardAt: Date.now(),
    });
  });
  port = await hub.start();
  browser = await openHere();
  ({ page, complaints } = await openPhone(browser));
  await page.goto(`http://127.0.0.1:${port}/`);
});

afterAll(async () => {
  await browser?.close();
  await hub.stop();
});

const heading = () => page.getByRole('heading', { level: 1 });
const sites = () => page.locator('ul.slots > li');

describe('a person of the central team', () => {
  it('is let in by a token alone, and is told why by a wrong one', async () => {
    expect(await misfits(page)).toEqual([]);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('alert').getByText('this token is not known', { exact: false }).waitFor();
    await page.getByLabel('Token').fill('right');
    hub.fleet = sampleFleet({ sites: { invited: 0, online: 2999, silent: 1, forked: 0, retired: 0 } });
    await page.getByRole('button', { name: 'Open' }).click();
    await expect.poll(() => heading().textContent(), PATIENT).toBe('2,999 of 3,000 sites online, 1 silent');
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('keeps the token in this tab, and in no address', async () => {
    expect(page.url()).toBe(`http://127.0.0.1:${port}/`);
    expect(hub.asked.filter((path) => /right|wrong|token/i.test(path))).toEqual([]);
    expect(await page.context().cookies()).toEqual([]);
    await page.reload();
    await sites().first().waitFor();
    expect(await page.evaluate('[localStorage.length, sessionStorage.length]')).toEqual([0, 1]);
  });

  it('sees three thousand sites a page at a time, and finds one at once', async () => {
    expect(await sites().count()).toBe(50);
    expect(await misfits(page)).toEqual([]);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('51–100 of 3,000').waitFor();
    await page.getByLabel('Search').fill('store-2718');
    await expect.poll(() => sites().count(), PATIENT).toBe(1);
    expect(page.url()).toContain('#/?search=store-2718');
    await page.getByLabel('Search').fill('');
    await page.getByLabel('Label').selectOption('region=us');
    await page.getByText('1–50 of 1,500').waitFor();
    await page.getByLabel('State').selectOption('silent');
    await page.getByText('No site fits.').waitFor();
    expect(hub.asked.findLast((path) => path.startsWith('/api/v1/sites'))).toContain('labels=region%3Dus');
  });
});

describe('one site', () => {
  const show = async (more: Partial<FleetSiteView>): Promise<void> => {
    hub.details.set('store-0007', more);
    hub.tell({ view: 'sites', site: 'store-0007' });
  };

  it('shows its slots, and the timeline of one of them', async () => {
    hub.events = [
      sampleEvent({ id: 3, at: Date.now() - MINUTE, sentence: 'pos-1 is enrolled: cloud-init says it is done' }),
      sampleEvent({ id: 2, at: Date.now() - 2 * MINUTE, slot: 'pos-2', sentence: 'another slot' }),
      sampleEvent({
        id: 1,
        at: Date.now() - 3 * MINUTE,
        type: 'gap',
        seq: 4,
        through: 6,
        sentence: 'its disk was full',
      }),
    ];
    await page.goto(`http://127.0.0.1:${port}/#/site/store-0007`);
    await page.getByRole('link', { name: /^pos-1/ }).waitFor();
    expect(await misfits(page)).toEqual([]);
    await page.getByRole('link', { name: /^pos-1/ }).click();
    await page.getByRole('listitem').getByText('pos-1 is enrolled: cloud-init says it is done').waitFor();
    expect(await page.getByText('another slot').count()).toBe(0);
    expect(await misfits(page)).toEqual([]);
    await page.getByRole('link', { name: 'store-0007' }).click();
    await page.getByText('3 events are missing here: its disk was full').waitFor();
  });

  it('says why it is not on its revision', async () => {
    const wanted = { number: 6, push: 'p3', publication: 'r7' };
    await show({
      revision: { number: 4, push: 'p2', wanted, state: 'deferred', because: 'the store trades until 20:00' },
    });
    await page.getByText('Not on revision 6: the store trades until 20:00.').waitFor();
  });

  it('shows two boxes with one identity side by side, as it happens', async () => {
    const clone = sampleSession({
      ...{ session: 's2', standing: 'quarantined', remote: '198.51.100.9', because: 'another box spoke a minute ago' },
      hardware: { machineId: 'b2', manufacturer: 'QEMU', product: 'copied', serial: 'VM-9' },
    });
    await show({ state: 'forked', sessions: [sampleSession(), clone] });
    await page.getByRole('heading', { name: '2 boxes say that they are this site' }).waitFor();
    await page.getByText('Stands aside').waitFor();
    for (const mark of ['Serial PC1', 'Serial VM-9', 'From 198.51.100.9']) await page.getByText(mark).waitFor();
    expect(await misfits(page)).toEqual([]);
  });

  it('keeps all that a site reports as text', async () => {
    const { slotViews } = sampleSiteView();
    await show({
      labels: { [EVIL]: EVIL },
      version: EVIL,
      sessions: [sampleSession({ hardware: { machineId: EVIL, manufacturer: EVIL, product: '', serial: EVIL } })],
      slotViews: slotViews.map((slot) => ({ ...slot, slot: EVIL, sentence: EVIL, machine: { serial: EVIL } })),
      siteAlarms: [{ type: 'x', about: 'y', firstAt: 1, lastAt: 1, count: 1, sentence: EVIL, toDo: EVIL }],
      notReady: [EVIL],
      revision: { number: 4, push: EVIL, wanted: { number: 5, push: EVIL, publication: EVIL }, because: EVIL },
    });
    hub.events = [sampleEvent({ sentence: EVIL, slot: EVIL, at: Date.now() })];
    await expect.poll(() => page.getByText(EVIL).count(), PATIENT).toBeGreaterThanOrEqual(10);
    await page.locator('a.slot', { hasText: EVIL }).click();
    await page.getByRole('heading', { level: 1 }).getByText(EVIL).waitFor();
    await expect.poll(() => page.getByRole('listitem').getByText(EVIL).count(), PATIENT).toBe(1);
    expect(await page.locator('img, main script').count()).toBe(0);
    expect(await page.title()).not.toBe('owned');
  });
});

describe('a publication', () => {
  const show = (more: Parameters<typeof samplePublication>[0]): void => {
    hub.publication = samplePublication({ since: Date.now(), ...more });
    hub.fleet = { ...hub.fleet, publications: [hub.publication] };
    hub.tell({ view: 'publications', publication: 'r7' });
  };

  it('is seen from the list of sites as it goes, and halts before the eyes of who looks', async () => {
    show({});
    await page.goto(`http://127.0.0.1:${port}/#/`);
    await page.getByRole('link', { name: /^r7: new till image/ }).click();
    await page.getByText('First 2 sites of 20 get it', { exact: false }).waitFor();
    hub.publicationSites = [
      {
        ...{ site: 'store-0001', number: 6, isCanary: true, state: 'reverted', isUnreachable: false },
        ...{ since: Date.now(), because: 'DHCP does not answer' },
      },
    ];
    show({
      ...{
        state: 'halted',
        because: 'store-0001 went back: DHCP does not answer',
        acts: ['resume', 'abort', 'rollback'],
      },
      counts: sampleCounts({ failed: 1, confirmed: 1, waiting: 18 }),
    });
    await heading().getByText('Halted').waitFor();
    await page.getByText('1 of 20 confirmed, 1 failed, 18 waiting.').waitFor();
    await page.getByText('a canary', { exact: false }).waitFor();
    expect(await misfits(page)).toEqual([]);
  });

  it('is steered by a second step that says what will happen, and why is asked', async () => {
    await page.getByRole('link', { name: 'Roll back …' }).click();
    await page.getByText('1 site that has it go back', { exact: false }).waitFor();
    expect(hub.acts).toEqual([]);
    expect(await misfits(page)).toEqual([]);
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByRole('link', { name: 'Give it up …' }).click();
    await page.getByLabel('Why').fill('tills are black');
    await page.getByRole('button', { name: 'Give it up' }).click();
    await page.getByRole('status').getByText('r7 is paused.').waitFor();
    expect(hub.acts).toEqual([{ path: '/api/v1/publications/r7/abort', body: { because: 'tills are black' } }]);
  });

  it('is not steered by who may only read', async () => {
    hub.fleet = { ...hub.fleet, you: { name: 'screen', role: 'read' } };
    hub.tell({ view: 'all' });
    await page.getByText('Your token may read', { exact: false }).waitFor();
    expect(await page.getByRole('link', { name: 'Give it up …' }).count()).toBe(0);
  });
});

describe('alarms', () => {
  it('come by themselves, each with what to do and where', async () => {
    await page.getByRole('link', { name: 'Alarms' }).click();
    await page.getByText('Nothing needs you.').waitFor();
    hub.alarms = [
      {
        ...{ kind: 'fork', subject: 'store-0007', site: 'store-0007', since: Date.now() },
        ...{ sentence: 'Two boxes say that they are store-0007', toDo: 'find out which one is in the store' },
      },
    ];
    hub.fleet = { ...hub.fleet, alarms: 1 };
    hub.tell({ view: 'alarms' });
    await page.getByText('find out which one is in the store').waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'Alarms 1' }).count(), PATIENT).toBe(1);
    expect(await misfits(page)).toEqual([]);
    await page.getByRole('link', { name: 'store-0007' }).click();
    await heading().getByText('store-0007').waitFor();
  });
});

describe('a head office that is gone', () => {
  it('is told plainly, with what was seen last, until it is back', async () => {
    await page.goto(`http://127.0.0.1:${port}/#/`);
    await sites().first().waitFor();
    await hub.stop();
    await page
      .getByRole('alert')
      .getByText(/Head office does not answer, since \d\d:\d\d/)
      .waitFor();
    expect(await sites().count()).toBe(50);
    await hub.start(port);
    await expect.poll(() => page.getByRole('alert').count(), { timeout: 15_000 }).toBe(0);
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('lets nobody go on with a token that was withdrawn', async () => {
    hub.tokens = [];
    hub.tell({ view: 'all' });
    await page.getByRole('alert').getByText('this token is not known', { exact: false }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    expect(await page.getByText('store-0001').count()).toBe(0);
  });

  it('met no complaint of the browser but those of the wrong token and of the time without head office', () => {
    for (const complaint of complaints) expect(complaint).toMatch(/Failed to load resource.*(401|ERR_)/);
  });
});

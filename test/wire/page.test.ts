import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Host } from '../../src/lab/network.ts';
import type { EventView, SiteNodes } from '../../src/wire/api/views.ts';
import { misfits, openBrowser, openPhone } from './support/browser.ts';
import {
  attackByFetch,
  attackByForm,
  readByScript,
  readByStream,
  serveHostilePage,
  showInFrame,
} from './support/hostile-page.ts';
import { SimMachine } from './support/machine.ts';
import {
  BOX,
  codeOf,
  HOSTILE,
  lab,
  NEW,
  NEXT,
  nodeOf,
  OLD,
  openStore,
  PIN,
  powerOn,
  SPARE,
  url,
} from './support/page-store.ts';
import { sha256 } from './support/site-lab.ts';
import { KERNEL } from './support/template.ts';

const PATIENT = { timeout: 10_000 };

let browser: Browser;
let page: Page;
let complaints: string[];
let box: SimMachine;
let phone: Host;

beforeAll(async () => {
  await openStore();
  box = await SimMachine.plugIn(lab, 'box', BOX);
  phone = await lab.host('phone', { address: '10.46.0.200/24' });
  browser = await openBrowser(lab, phone, { 'hostile.example': HOSTILE, 'rebound.example': lab.address });
  ({ page, complaints } = await openPhone(browser));
  await page.goto(url);
});

afterAll(async () => {
  await browser?.close();
  await lab.end();
});

const slotLink = (name: string) => page.getByRole('link', { name: new RegExp(`^${name}`) });
const pin = () => page.getByLabel('PIN of this site');

describe('a technician with a phone', () => {
  it('sees all slots of a new store, and that it may not install yet', async () => {
    await expect.poll(() => page.getByRole('heading', { level: 1 }).textContent(), PATIENT).toContain('0 of 4 working');
    await slotLink('pos-1').getByText('Empty').waitFor();
    await page.getByText('nothing is installed here until somebody says', { exact: false }).waitFor();
    await page.getByText('Networks (1)').click();
    await page.getByText('This site gives out the addresses').waitFor();
    expect(await misfits(page)).toEqual([]);
    await page.getByText('Networks (1)').click();
  });

  it('arms it with the PIN, knowing what that means, and is told when the PIN is wrong', async () => {
    await page.getByRole('link', { name: 'This is a new store' }).click();
    await page.getByText('what is on its disk is erased', { exact: false }).waitFor();
    await pin().fill('000000');
    await page.getByRole('button', { name: 'This is a new store' }).click();
    await page.getByRole('alert').getByText('The PIN is not that of this site').waitFor();
    expect(await misfits(page)).toEqual([]);
    await pin().fill(PIN);
    await page.getByRole('button', { name: 'This is a new store' }).click();
    await page.getByRole('status').getByText('The site is armed').waitFor();
  });

  it('sees a machine start without touching the page', async () => {
    await powerOn(box);
    await slotLink('pos-1').getByText('Starting').waitFor();
    await box.curl('-o', '/dev/null', `/assets/sha256/${sha256(KERNEL)}/vmlinuz`.replace(/^/, url.slice(0, -1)));
    await slotLink('pos-1')
      .getByText(/Fetching its system, \d+ %/)
      .waitFor();
  });

  it('gives an unknown machine a slot by the code on its screen, without a PIN', async () => {
    const fresh = await SimMachine.plugIn(lab, 'fresh', NEW);
    expect(await powerOn(fresh)).toContain(codeOf(NEW));
    await page.getByText('A new machine waits').waitFor();
    await page.getByText('Dell OptiPlex 7010').waitFor();
    await page.getByRole('link', { name: 'Use it as pos-2' }).click();
    await page
      .getByText('becomes pos-2. It is installed, and what is on its disk is erased.', { exact: false })
      .waitFor();
    expect(await pin().count()).toBe(0);
    await page.getByLabel('Code on the screen').fill('ZZZZ');
    await page.getByRole('button', { name: 'Put a machine here' }).click();
    await page.getByRole('alert').getByText('No machine shows this code now').waitFor();
    expect(await misfits(page)).toEqual([]);
    await page.getByLabel('Code on the screen').fill(codeOf(NEW).toLowerCase());
    await page.getByRole('button', { name: 'Put a machine here' }).click();
    await page.getByRole('status').getByText('fills pos-2 now. Its install is ordered.').waitFor();
    expect((await nodeOf('pos-2')).machine?.macs).toEqual([NEW]);
  });

  it('sees a machine that works', async () => {
    const old = await SimMachine.plugIn(lab, 'old', OLD);
    await powerOn(old, 'Wyse 5070');
    expect(await old.phoneHome(await old.phoneHomeUrl())).toBe(200);
    await page.getByRole('link', { name: 'All slots' }).click();
    await slotLink('kiosk-1').getByText('Working').waitFor();
    // Its address is given back, as by a system that is shut down: from now on it is silent.
    const shutDown = lab.write('shut-down.sh', '#!/bin/sh\n[ "$1" = bound ] && kill $PPID\nexit 0\n', 0o755);
    await old.host.exec(['udhcpc', '-i', 'eth0', '-n', '-f', '-R', '-s', shutDown]);
    await vi.waitFor(async () => expect((await nodeOf('kiosk-1')).busy).toBeUndefined(), PATIENT);
  });

  it('replaces a dead machine with the code of the new one and the PIN', async () => {
    await powerOn(await SimMachine.plugIn(lab, 'next', NEXT), 'Wyse 5070');
    await page.getByRole('link', { name: 'Replace kiosk-1 with it' }).click();
    await page.getByText('the one before it can no longer be kiosk-1', { exact: false }).waitFor();
    await page.getByLabel('Code on the screen').fill(codeOf(NEXT));
    await pin().fill('000000');
    await page.getByRole('button', { name: 'Replace the machine' }).click();
    await page.getByRole('alert').getByText('The PIN is not that of this site').waitFor();
    expect((await nodeOf('kiosk-1')).binding).toBe(1);
    await pin().fill(PIN);
    await page.getByRole('button', { name: 'Replace the machine' }).click();
    await page.getByRole('status').getByText('fills kiosk-1 now', { exact: false }).waitFor();
    expect(await nodeOf('kiosk-1')).toMatchObject({ binding: 2, machine: { macs: [NEXT] } });
  });

  it('reads the whole life of a slot', async () => {
    const lines = page.getByRole('listitem');
    await expect
      .poll(() => lines.allTextContents(), PATIENT)
      .toEqual(
        expect.arrayContaining([
          expect.stringContaining('fills kiosk-1, in place of the one before'),
          expect.stringContaining('can fill no slot any more: replaced by Dell Wyse 5070, serial CZC0004'),
          expect.stringContaining('Came up, and works'),
          expect.stringContaining('Switched on'),
        ]),
      );
    expect(await misfits(page)).toEqual([]);
  });

  it('orders an install, and says for itself that the disk is to be erased first', async () => {
    await page.getByRole('link', { name: 'All slots' }).click();
    await slotLink('pos-1').click();
    await page.getByRole('link', { name: 'Install again' }).click();
    await page.getByText('it is installed anew over what is on its disk', { exact: false }).waitFor();
    await page.getByLabel('Also erase the whole disk first').check();
    await page.getByText('its whole disk is erased with everything on it', { exact: false }).waitFor();
    expect(await misfits(page)).toEqual([]);
    await pin().fill(PIN);
    await page.getByRole('button', { name: 'Erase the disk and install again' }).click();
    await page.getByRole('status').getByText('pos-1 has an order already').waitFor();
    expect((await nodeOf('pos-1')).install?.orders[0]).toMatchObject({ wipe: true, by: 'page' });
  });

  it('puts a slot on hold, and ends that', async () => {
    for (const [name, held] of [
      ['Put on hold', true],
      ['End the hold', undefined],
    ] as const) {
      await page.getByRole('link', { name }).click();
      await pin().fill(PIN);
      await page.getByRole('button', { name }).click();
      await page.getByRole('status').getByText('pos-1 is').waitFor();
      expect((await nodeOf('pos-1')).install?.held).toBe(held);
    }
  });

  it('met no complaint of the browser but the two wrong PINs and the wrong code', () => {
    expect(complaints).toHaveLength(3);
    for (const complaint of complaints) expect(complaint).toMatch(/^Failed to load resource.* (403|409) /);
  });
});

describe('a hostile page in the browser of the technician', () => {
  let hostile: Page;
  let before: unknown;

  /** What no page may change. */
  const state = async (): Promise<unknown> => {
    const { nodes } = await lab.ask<SiteNodes>('/api/v1/nodes');
    return nodes.map(({ slot, binding, install }) => ({
      slot,
      binding,
      orders: install?.orders.map(({ id }) => id),
      held: install?.held,
    }));
  };

  beforeAll(async () => {
    const host = await lab.host('hostile', { address: `${HOSTILE}/24` });
    await serveHostilePage(host);
    await powerOn(await SimMachine.plugIn(lab, 'spare', SPARE));
    await vi.waitFor(async () => expect((await lab.node(codeOf(SPARE))).machine?.held).toBe(true), PATIENT);
    before = await state();
    hostile = await (await browser.newContext()).newPage();
    // What the rebound name showed at first, when it still led to the server of the attacker.
    const win = { contentType: 'text/html', body: '<!doctype html><p>Win a phone</p>' };
    await hostile.route('http://rebound.example/win', (route) => route.fulfill(win));
  });

  /** From now on the phone speaks to the site from another address, so that what is written down is of this page alone. */
  const moveTo = async (address: string): Promise<void> => {
    await phone.exec(['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0']);
    await phone.exec(['ip', 'route', 'replace', lab.address, 'dev', 'eth0', 'src', address]);
  };

  it.each([
    ['from its own address', 'http://hostile.example/', url, '10.46.0.201', 'it comes from the page of another site'],
    [
      'by its own name for the site (DNS rebinding)',
      ...['http://rebound.example/win', 'http://rebound.example/'],
      ...['10.46.0.202', 'it is not addressed to an address of this site'],
    ],
  ] as const)(
    '%s changes nothing, reads nothing and is told of, though it knows the code and the PIN',
    async (_how, from, site, address, because) => {
      await moveTo(address);
      await hostile.goto(from);
      const attack = { site, pin: PIN, code: codeOf(SPARE) };
      expect(await hostile.evaluate(attackByFetch, attack)).toEqual([]);
      await hostile.evaluate(attackByForm, attack);
      expect(await hostile.evaluate(readByStream, attack)).toBe('refused');
      expect(await hostile.evaluate(readByScript, attack)).toBe('refused');
      expect(await state()).toEqual(before);
      const { events } = await lab.ask<{ events: EventView[] }>('/api/v1/events?type=command-refused');
      expect(events.map(({ data }) => data)).toContainEqual({ remote: address, because });
    },
  );

  it('cannot show the page in a frame', async () => {
    await hostile.goto('http://hostile.example/');
    await hostile.evaluate(showInFrame, url);
    await expect
      .poll(() => hostile.frames().map((frame) => frame.url()), PATIENT)
      .toContain('chrome-error://chromewebdata/');
  });
});

describe('the files of the page', () => {
  const headersOf = async (path: string): Promise<Headers> =>
    (await fetch(new URL(path, url), { method: 'HEAD' })).headers;

  it('come with what keeps a browser safe, and are kept by their digest', async () => {
    const html = await (await fetch(url)).text();
    const script = /src="(page\/main-[A-Z0-9]{8}\.js)"/.exec(html)?.[1] ?? '';
    expect(html).not.toMatch(/<style|style=|<script>|https?:/);
    const head = await headersOf('/');
    expect(head.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
    );
    expect(Object.fromEntries(head)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(Object.fromEntries(await headersOf(script))).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
    });
    expect(Number((await headersOf(script)).get('content-length'))).toBeLessThan(50_000);
    expect((await fetch(new URL('/page/index.html', url))).status).toBe(404);
  });
});

describe('a site that is gone, or shows its page nowhere', () => {
  it('is told at once, with what was seen last, until it is back', async () => {
    await page.goto(url);
    await slotLink('kiosk-2').waitFor();
    await lab.site?.stop();
    await page
      .getByRole('alert')
      .getByText(/The site does not answer, since \d\d:\d\d/)
      .waitFor();
    expect(await slotLink('kiosk-2').isVisible()).toBe(true);
    await lab.start({ config: lab.config('page: { listen: [] }\n') });
    await page.getByRole('alert').getByText('This site does not show its page here').waitFor();
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([
      404,
      expect.stringContaining('`page` in its site file says where'),
    ]);
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
    await lab.site?.stop();
    await lab.start({ config: lab.config() });
    await expect.poll(() => page.getByRole('alert').count(), { timeout: 15_000 }).toBe(0);
  });
});

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tellSite } from '../../src/adapters/http/control-client.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { canonicalJson } from '../../src/kernel/canonical-json.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import { inventEvent } from '../../src/lab/sites/invented.ts';
import { type LocalHub, type Seed, startLocalHub } from '../../src/lab/sites/local-hub.ts';
import { Measures } from '../../src/lab/sites/measures.ts';
import { SimSite } from '../../src/lab/sites/sim-site.ts';
import { createSimTime } from '../../src/lab/sites/sim-time.ts';
import { misfits, openHere, openPhone } from './support/browser.ts';

const PATIENT = { timeout: 10_000 };
const COUNT = 4;
const EVIL = '<img src=x onerror="document.title=\'owned\'">';

let dir: string;
let hub: LocalHub;
let sites: readonly SimSite[];
let browser: Browser;
let page: Page;
let complaints: string[];
const end = new AbortController();
const time = createSimTime();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-fleet-page-'));
  hub = await startLocalHub({ workDir: dir, count: COUNT, seed: seedPush });
  const measures = new Measures(() => time.monotonic());
  sites = hub.invites.map(
    ({ site, code }, i) =>
      new SimSite(site, code, {
        ...{ url: hub.url, time, random: systemRandom, measures, eventsPerMinute: 600, settleMs: 0, trialMs: 300 },
        // The canary cannot bear what is published.
        revertShare: i === 0 ? 1 : 0,
        // The last one would have the page do something.
        invent: (n, at) => (i === COUNT - 1 ? { ...inventEvent(n, at), sentence: EVIL } : inventEvent(n, at)),
      }),
  );
  await Promise.all(sites.map((site) => site.join()));
  for (const site of sites) void site.live(end.signal, time.monotonic() + 60_000);
  browser = await openHere();
  ({ page, complaints } = await openPhone(browser));
});

afterAll(async () => {
  end.abort();
  await browser?.close();
  await Promise.all(sites.map((site) => site.close()));
  await hub?.process.stop();
  await rm(dir, { recursive: true, force: true });
});

/** What a push leaves behind; simulated sites look at what a bundle names, not at who signed it. */
const seedPush: Seed = async (tx, names) => {
  const now = Date.now();
  for (const site of names) {
    const statement = canonicalJson({ format: 'slipway-revision/v1', site, number: 1 });
    const bytes = Buffer.from(canonicalJson({ format: 'slipway-bundle/v1', statement }));
    const bundle = digestOf(bytes);
    await tx.putBlob(bundle, bytes);
    await tx.put('revisions', `${site}/0000000001`, {
      ...{ site, number: 1, push: 'p1', kind: 'forward', content: bundle, bundle, sizeBytes: bytes.length, at: now },
    });
  }
  const sources = digestOf(Buffer.from(''));
  const push = { id: 'p1', at: now, by: 'anna', comment: 'new till image', template: 'retail', sources, keyId: 'k1' };
  await tx.put('pushes', 'p1', { ...push, sites: names });
};

function digestOf(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest;
}

async function newToken(name: string, role: string): Promise<string> {
  const made = await tellSite<{ token: string }>(hub.process.socket, '/api/v1/tokens', { name, role });
  return made.token;
}

const signIn = async (token: string): Promise<void> => {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
};
const heading = () => page.getByRole('heading', { level: 1 });

describe('the page of a real head office', () => {
  it('opens with a token of the hub and with no other, nothing else is asked of the network', async () => {
    const asked = new Set<string>();
    page.on('request', (request) => asked.add(new URL(request.url()).origin));
    await page.goto(hub.admin);
    await signIn(`slw_${'x'.repeat(40)}`);
    await page.getByRole('alert').locator('.problem').waitFor();
    await signIn(await newToken('screen', 'operate'));
    await expect.poll(() => heading().textContent(), PATIENT).toContain(`${COUNT} of ${COUNT} sites online`);
    await page.getByText('Live', { exact: true }).waitFor();
    expect([...asked]).toEqual([hub.admin]);
    expect(await misfits(page)).toEqual([]);
  });

  it('finds a site, and shows what its slot went through', async () => {
    await page.getByLabel('Search').fill('00002');
    await expect.poll(() => page.locator('ul.slots > li').count(), PATIENT).toBe(1);
    await page.getByRole('link', { name: /^sim-00002/ }).click();
    await page.getByText('Valid').waitFor();
    await page.getByRole('link', { name: /^pos-1 .*enrolled/ }).click();
    await page.getByRole('listitem').getByText('pos-1 is enrolled').waitFor();
    expect(await misfits(page)).toEqual([]);
  });

  it('keeps what a site reports as text', async () => {
    await page.goto(`${hub.admin}/#/site/sim-0000${COUNT}`);
    await page.getByRole('listitem').getByText(EVIL).first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).not.toBe('owned');
  });

  it('shows a copied box beside the one that it was copied from, as it comes', async () => {
    const [, , original] = sites;
    await page.goto(`${hub.admin}/#/site/sim-00003`);
    await heading().getByText('Online').waitFor();
    const copy = original?.copy();
    // The original goes on; one step back could be an answer that was lost, two are another box.
    await original?.hello();
    await original?.hello();
    await expect(copy?.hello()).rejects.toThrow('sim-00003');
    await copy?.close();
    await page.getByRole('heading', { name: '2 boxes say that they are this site' }).waitFor();
    await page.getByText('Stands aside').waitFor();
    await page.getByText('Serial sim-00003-copy').waitFor();
  });

  it('follows a publication that halts at its canary, and says why', async () => {
    await page.goto(`${hub.admin}/#/publications`);
    await page.getByText('p1: new till image').waitFor();
    const rules = { canary: ['sim-00001'], soakMs: 60_000, haltAfter: 1 };
    await tellSite(hub.process.socket, '/api/v1/publications', { push: 'p1', rules });
    await page.getByRole('link', { name: /^r1: new till image/ }).click();
    await heading().getByText('Halted').waitFor();
    await page.getByText('simulated: a boot failed', { exact: false }).first().waitFor();
    expect(await misfits(page)).toEqual([]);
    await page.getByRole('link', { name: 'Give it up …' }).click();
    await page.getByLabel('Why').fill('tills are black');
    await page.getByRole('button', { name: 'Give it up' }).click();
    await heading().getByText('Given up').waitFor();
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('listitem').getByText('tills are black').first().waitFor();
    await page.getByRole('listitem').getByText('By screen', { exact: false }).first().waitFor();
  });

  it('ends with the token', async () => {
    await tellSite(hub.process.socket, '/api/v1/tokens/screen/withdraw', {});
    await page.getByLabel('Token').waitFor();
    for (const complaint of complaints) expect(complaint).toMatch(/Failed to load resource.* 401 /);
  });
});

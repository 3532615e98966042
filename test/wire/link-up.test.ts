import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { askSite, tellSite } from '../../src/adapters/http/control-client.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import { startSite } from '../../src/lab/site-process.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';
import type { Event } from '../../src/model/event.ts';
import type { FleetEvents } from '../../src/wire/api/fleet-views.ts';
import type { SiteStatus } from '../../src/wire/api/views.ts';

const workDir = resolve('test-results/wire/link-up');
const PORT = 18_753;
let hub: SlipwayProcess;
let site: SlipwayProcess;

const openHub = () =>
  startHub({
    workDir: join(workDir, 'hub'),
    config: [
      'hub: head-office',
      `link: { url: "https://localhost:${PORT}", listen: "127.0.0.1:${PORT}" }`,
      'admin: { listen: "127.0.0.1:18754" }',
    ].join('\n'),
  });
const openSite = (code: string) =>
  startSite({
    workDir: join(workDir, 'site'),
    config: `site: store-1\ninterfaces: { nodes: lo }\nhub: { url: "https://localhost:${PORT}", code: ${code} }`,
    args: ['--fault', 'link-delay=0'],
    mayWait: true,
  });
const status = () => askSite<SiteStatus>(site.socket, '/api/v1/status');
const siteEvents = async () =>
  (await askSite<{ events: (Event & { acked?: boolean })[] }>(site.socket, '/api/v1/events?limit=1000')).events;
const hubEvents = async () =>
  (await askSite<FleetEvents>(hub.socket, '/api/v1/sites/store-1/events?limit=1000')).events;

/** Each is an event, and answered when it is on disk. */
async function happen(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await tellSite(site.socket, '/api/v1/secrets/some/set', { value: `value ${i}` });
}

beforeAll(async () => {
  rmSync(workDir, { recursive: true, force: true });
  hub = await openHub();
});
afterAll(async () => {
  await Promise.all([site?.stop('SIGKILL'), hub?.stop('SIGKILL')]);
});

it('what happens at a site is at head office once, whoever was killed while it was on its way', async () => {
  const { code } = await tellSite<{ code: string }>(hub.socket, '/api/v1/invites', { site: 'store-1' });
  site = await openSite(code);
  await happen(20);
  await hub.stop('SIGKILL');
  await happen(20);
  expect((await status()).headOffice?.events?.waiting).toBeGreaterThanOrEqual(20);
  await site.stop('SIGKILL');
  [hub, site] = await Promise.all([openHub(), openSite(code)]);
  const more = happen(40);
  await vi.waitFor(async () => expect((await hubEvents()).length).toBeGreaterThan(10), {
    timeout: 30_000,
    interval: 20,
  });
  await Promise.all([more, hub.stop('SIGKILL')]);
  hub = await openHub();
  await vi.waitFor(async () => expect((await status()).headOffice?.events?.waiting).toBe(0), {
    timeout: 60_000,
    interval: 200,
  });
  const [here, there] = [await siteEvents(), await hubEvents()];
  const namesOf = (events: readonly { epoch: string; seq: number; type: string; sentence: string }[]) =>
    events.map(({ epoch, seq, type, sentence }) => `${epoch}/${seq} ${type}: ${sentence}`).sort();
  expect(here.length).toBeGreaterThan(80);
  expect(namesOf(there)).toEqual(namesOf(here.filter(({ acked }) => acked)));
  expect(here.every(({ acked }) => acked)).toBe(true);
}, 150_000);

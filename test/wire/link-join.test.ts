import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { askSite, tellSite } from '../../src/adapters/http/control-client.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import { startSite } from '../../src/lab/site-process.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';
import type { SiteStatus } from '../../src/wire/api/views.ts';

const workDir = resolve('test-results/wire/link-join');
const PORT = 18_743;
let hub: SlipwayProcess;
let site: SlipwayProcess;

const openHub = () =>
  startHub({
    workDir: join(workDir, 'hub'),
    config: [
      'hub: head-office',
      `link: { url: "https://localhost:${PORT}", listen: "127.0.0.1:${PORT}" }`,
      'admin: { listen: "127.0.0.1:18744" }',
    ].join('\n'),
  });
const status = () => askSite<SiteStatus>(site.socket, '/api/v1/status');
const untilLink = (state: string) =>
  vi.waitFor(async () => expect((await status()).headOffice?.state).toBe(state), { timeout: 20_000, interval: 100 });

beforeAll(async () => {
  rmSync(workDir, { recursive: true, force: true });
  hub = await openHub();
});
afterAll(async () => {
  await Promise.all([site?.stop('SIGKILL'), hub?.stop('SIGKILL')]);
});

it('a site joins with a code, is known at head office, and finds it again after it was killed', async () => {
  const invite = await tellSite<{ code: string }>(hub.socket, '/api/v1/invites', { site: 'store-1' });
  site = await startSite({
    workDir: join(workDir, 'site'),
    config: `site: store-1\ninterfaces: { nodes: lo }\nhub: { url: "https://localhost:${PORT}", code: ${invite.code} }`,
    args: ['--fault', 'link-delay=0'],
    mayWait: true,
  });
  await untilLink('online');
  await vi.waitFor(
    async () =>
      expect(await askSite(hub.socket, '/api/v1/sites/store-1')).toMatchObject({ site: 'store-1', state: 'online' }),
    { timeout: 10_000 },
  );

  await hub.stop('SIGKILL');
  await untilLink('unreachable');
  expect((await status()).headOffice?.sentence).toContain('The store works without it.');
  hub = await openHub();
  await untilLink('online');
}, 60_000);

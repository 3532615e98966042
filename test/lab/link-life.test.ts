import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { askSite, tellSite } from '../../src/adapters/http/control-client.ts';
import { packageFile } from '../../src/adapters/node/package-file.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import { startSite } from '../../src/lab/site-process.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';
import type { RootsView } from '../../src/model/fleet/identity-desk.ts';
import type { AuditPage } from '../../src/wire/api/fleet-views.ts';
import type { CertificateList, InviteList, NewInviteReply } from '../../src/wire/api/identity.ts';
import type { SiteStatus } from '../../src/wire/api/views.ts';

const run = promisify(execFile);
const workDir = resolve('test-results/lab/link-life');
const PORT = 18_753;
let hub: SlipwayProcess;
let site: SlipwayProcess;

/** Each answer that is written down takes a while, so that a kill comes before, between and after. */
const openHub = () =>
  startHub({
    workDir: join(workDir, 'hub'),
    config: [
      'hub: head-office',
      `link: { url: "https://localhost:${PORT}", listen: "127.0.0.1:${PORT}" }`,
      'admin: { listen: "127.0.0.1:18754" }',
    ].join('\n'),
    args: ['--fault', 'fsync-delay=40'],
  });
const openSite = () =>
  startSite({
    workDir: join(workDir, 'site'),
    config: `site: store-1\ninterfaces: { nodes: lo }\nhub: { url: "https://localhost:${PORT}" }`,
    args: ['--fault', 'link-delay=0'],
    mayWait: true,
  });
async function slipway(...args: string[]): Promise<string> {
  return (await run(process.execPath, [packageFile('bin/slipway.js'), ...args])).stdout;
}
const ask = <T>(path: string) => askSite<T>(hub.socket, `/api/v1/${path}`);
const linkOf = async () => (await askSite<SiteStatus>(site.socket, '/api/v1/status')).headOffice;
const untilLink = (state: string, sentence = '') =>
  vi.waitFor(async () => expect(await linkOf()).toMatchObject({ state, sentence: expect.stringContaining(sentence) }), {
    ...{ timeout: 30_000, interval: 100 },
  });
const actions = async () => (await ask<AuditPage>('audit?limit=500')).entries.map(({ action }) => action);

/** Kills one side, then the other, each a moment further on; what was begun goes on by itself. */
async function killBoth(moments: readonly number[]): Promise<void> {
  for (const ms of moments) {
    await pause(ms);
    await site.stop('SIGKILL');
    site = await openSite();
    await pause(ms);
    await hub.stop('SIGKILL');
    hub = await openHub();
  }
}

beforeAll(async () => {
  rmSync(workDir, { recursive: true, force: true });
  [hub, site] = await Promise.all([openHub(), openSite()]);
});
afterAll(async () => {
  await Promise.all([site?.stop('SIGKILL'), hub?.stop('SIGKILL')]);
});

it('joins by hand as one box whatever is killed, renews by a new root likewise, and is refused once it is closed', async () => {
  await untilLink('needs-code');
  const invite: NewInviteReply = JSON.parse(
    await slipway('hub', 'invite', 'store-1', '--json', '--socket', hub.socket),
  );
  expect(await slipway('join', invite.code, '--socket', site.socket)).toContain('The code is kept.');
  await killBoth([0, 60]);
  await untilLink('online');
  const { invites } = await ask<InviteList>('invites');
  expect(invites).toMatchObject([{ id: invite.id, state: 'used' }]);
  const joined = await ask<CertificateList>('certificates?site=store-1');
  expect(new Set(joined.certificates.map(({ keyDigest }) => keyDigest)).size).toBe(1);
  expect(joined.certificates.filter(({ revoked }) => revoked)).toEqual([]);
  expect((await actions()).filter((one) => one === 'site.enroll')).toHaveLength(1);

  await tellSite(hub.socket, '/api/v1/roots/roll', {});
  await site.stop('SIGKILL');
  site = await openSite();
  await killBoth([30]);
  await vi.waitFor(async () => expect(await actions()).toContain('certificate.renew'), { timeout: 20_000 });
  await untilLink('online');
  // By its next Hello head office knows that it came through.
  await site.stop('SIGKILL');
  site = await openSite();
  await vi.waitFor(
    async () =>
      expect((await ask<RootsView>('roots')).sites).toEqual([{ site: 'store-1', knowsNext: true, isOnCurrent: true }]),
    { timeout: 20_000 },
  );
  await tellSite(hub.socket, '/api/v1/roots/end', {});
  expect((await ask<RootsView>('roots')).roots.map(({ which }) => which)).toEqual(['current', 'next']);
  await site.stop('SIGKILL');
  site = await openSite();
  await untilLink('online');

  const said = await slipway('hub', 'retire', 'store-1', '--because', 'given up', '--socket', hub.socket);
  expect(said).toContain('Site store-1 is closed');
  await site.stop('SIGKILL');
  site = await openSite();
  await untilLink('unreachable', 'was closed at head office');
  expect(await ask('sites/store-1')).toMatchObject({ state: 'retired' });
}, 120_000);

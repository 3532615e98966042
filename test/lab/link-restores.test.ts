import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { KillLab } from '../wire/support/kill-lab.ts';
import { readHubBook, readSiteBook } from '../wire/support/ledger.ts';
import { slipway } from '../wire/support/site-lab.ts';

const SITE = 'store-1';
/**
 * A box that was not heard for three of its longest waits has stopped: long enough for the restored one to come within that time, on
 * a busy machine too.
 */
const POLL_MAX_MS = 7_000;
const options = { site: SITE, hubArgs: ['--fault', `poll-max=${POLL_MAX_MS}`] };
const hubSide = new KillLab({ ...options, name: 'link-restores-hub', port: 18_770 });
const siteSide = new KillLab({ ...options, name: 'link-restores-site', port: 18_774, httpPort: 18_778 });
const labs = [hubSide, siteSide];

beforeAll(async () => {
  await Promise.all(
    labs.map(async (lab) => {
      await lab.open();
      await lab.startHub();
      await lab.startSite(await lab.invite());
      await lab.happen(8);
      await lab.untilAllIsThere();
    }),
  );
});
afterAll(async () => {
  await Promise.all(labs.map((lab) => lab.end()));
});

const seqsThere = (lab: KillLab) => new Set(readHubBook(lab.hubData, SITE).map(({ seq }) => seq));
/** Head office has every event that is in the database of the site, as it happened, and none twice. */
const untilWhole = async (lab: KillLab): Promise<void> => {
  await vi.waitFor(
    () => {
      const there = seqsThere(lab);
      expect(readSiteBook(lab.siteData).events.filter(({ seq }) => !there.has(seq))).toEqual([]);
    },
    { timeout: 40_000, interval: 100 },
  );
  await lab.untilAllIsThere();
};

it.concurrent('head office of yesterday, by its backup and by a copy of its files: what it had acknowledged since comes again, once', async () => {
  const backup = join(hubSide.dir, 'yesterday.backup');
  const config = ['--config', join(hubSide.dir, 'hub/hub.yaml')];
  expect(await hubSide.command('hub', 'backup', backup, ...config)).toMatchObject({ status: 0 });
  await hubSide.happen(8);
  await hubSide.untilAllIsThere();
  const epoch = readSiteBook(hubSide.siteData).outbox?.hubEpoch;
  await hubSide.kill('hub', 'to be restored');
  expect(await slipway(['hub', 'restore', backup, ...config])).toMatchObject({ status: 0 });
  const missing = readSiteBook(hubSide.siteData).events.filter(({ seq }) => !seqsThere(hubSide).has(seq));
  expect(missing.length).toBeGreaterThanOrEqual(8);
  await hubSide.startHub();
  await untilWhole(hubSide);
  expect(readSiteBook(hubSide.siteData).outbox?.hubEpoch).not.toBe(epoch);

  // By a copy of its files, under the same name as before.
  const copy = join(hubSide.dir, 'yesterday');
  await frozen(hubSide, async () => cpSync(hubSide.hubData, copy, { recursive: true }));
  await hubSide.happen(8);
  await untilWhole(hubSide);
  await hubSide.kill('hub', 'to be put back');
  putBack(copy, hubSide.hubData);
  await hubSide.startHub();
  await untilWhole(hubSide);
  expect(readSiteBook(hubSide.siteData).outbox?.epochs).toHaveLength(1);
}, 120_000);

it.concurrent('a site of yesterday: it stands aside while the other one may still speak, then counts anew; what happened in between stays', async () => {
  const copy = join(siteSide.dir, 'yesterday');
  await siteSide.kill('site', 'to be copied');
  cpSync(siteSide.siteData, copy, { recursive: true });
  await siteSide.startSite();
  await siteSide.happen(8);
  await siteSide.untilAllIsThere();
  const before = readHubBook(siteSide.hubData, SITE);
  await siteSide.kill('site', 'to be put back');
  putBack(copy, siteSide.siteData);
  await siteSide.startSite();
  await siteSide.happen(4);
  await vi.waitFor(
    async () => expect((await siteSide.status()).headOffice?.because).toContain('one of the two is a copy'),
    { timeout: 20_000 },
  );
  expect(readHubBook(siteSide.hubData, SITE)).toEqual(before);
  await pause(3 * POLL_MAX_MS);
  // Its next look would be within a minute and a half.
  await siteSide.kill('site', 'to look again');
  await siteSide.startSite();
  await siteSide.happen(4);
  await siteSide.untilAllIsThere();
  const { outbox, events } = readSiteBook(siteSide.siteData);
  expect(outbox?.epochs).toHaveLength(2);
  const there = readHubBook(siteSide.hubData, SITE);
  expect(there.slice(0, before.length)).toEqual(before);
  const since = events.filter(({ seq }) => seq >= (outbox?.epochs[1]?.first ?? 0));
  expect(there.length).toBe(before.length + since.length);
}, 120_000);

it('a head office that freezes in the midst of it, and wakes or is switched off: nothing is lost, and the site works on', async () => {
  await frozen(siteSide, async () => {
    await siteSide.happen(5);
    await pause(1_000);
    expect(await siteSide.status()).toMatchObject({ headOffice: { state: 'online' } });
    siteSide.expectKept();
  });
  await untilWhole(siteSide);
  process.kill(siteSide.hub?.pid ?? 0, 'SIGSTOP');
  await siteSide.happen(5);
  await siteSide.kill('hub', 'frozen');
  siteSide.expectKept();
  await siteSide.startHub();
  await untilWhole(siteSide);
}, 90_000);

it('calls that come twice, late, and behind those that were made after them change nothing', async () => {
  const { wire } = siteSide;
  wire.repeats = true;
  await siteSide.happen(6);
  await siteSide.untilAllIsThere();
  wire.repeats = false;
  // A report is held on its way; its box dies, and the next process has said all of it again when it arrives.
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const isHeld = Promise.withResolvers<void>();
  let holds = 0;
  wire.at = async (moment) => {
    if (moment === 'report asked' && holds++ === 0) {
      isHeld.resolve();
      await held.promise;
    } else if (moment === 'report answered' && holds > 100) arrived.resolve();
  };
  await siteSide.happen(3);
  await isHeld.promise;
  await siteSide.kill('site', 'with a report under way');
  await siteSide.startSite();
  await siteSide.untilAllIsThere();
  const there = readHubBook(siteSide.hubData, SITE);
  holds = 1_000;
  held.resolve();
  await arrived.promise;
  expect(readHubBook(siteSide.hubData, SITE).slice(0, there.length)).toEqual(there);
  await siteSide.untilAllIsThere();
}, 60_000);

/** Head office does nothing meanwhile, and its connections stay as they are. */
async function frozen({ hub }: KillLab, work: () => Promise<void>): Promise<void> {
  process.kill(hub?.pid ?? 0, 'SIGSTOP');
  try {
    await work();
  } finally {
    process.kill(hub?.pid ?? 0, 'SIGCONT');
  }
}

/** Also what lies beside a database of SQLite. */
function putBack(copy: string, dir: string): void {
  rmSync(dir, { recursive: true });
  cpSync(copy, dir, { recursive: true });
}

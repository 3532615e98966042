import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Argv } from '../../src/lab/command.ts';
import type { Applied, ApplyState } from '../../src/site/link/policy/apply.ts';
import type { PublicationView } from '../../src/wire/api/fleet-views.ts';
import type { CallMoment } from '../wire/support/call-wire.ts';
import { faked } from '../wire/support/clocks.ts';
import { KillLab, type Side } from '../wire/support/kill-lab.ts';
import { read, readHubBook, readSiteBook } from '../wire/support/ledger.ts';
import { SimMachine } from '../wire/support/machine.ts';
import { SiteLab, slipway } from '../wire/support/site-lab.ts';
import { writeTemplate } from '../wire/support/template.ts';

/** A commit of head office takes so long: a kill in the midst of it hits the way to the disk. */
const COMMIT_MS = 20;
const slowDisk = ['--fault', `fsync-delay=${COMMIT_MS}`];
const SITE = 'store-1';
const FAR = Array.from({ length: 12 }, (_, i) => `far-${i + 1}`);
const SLOTS = [1, 2].map((n) => ({ name: `till-${n}`, mac: `52:54:00:87:00:0${n}`, host: 10 + n }));
const FIRMWARE = { vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007', '0x5e:010310'] };

const net = new SiteLab('br-kills', '10.87.0');
const up = new KillLab({ name: 'link-kills-up', port: 18_760, site: SITE, hubArgs: slowDisk });
const down = new KillLab({
  ...{ name: 'link-kills-down', port: 18_764, site: SITE, device: net.bridge, hubArgs: slowDisk },
  ...{ hubConfig: `releaseKeys: [${join(net.workDir, 'fleet/release-keys.json')}]`, siteHub: ', trial: 3s' },
});
const machines: SimMachine[] = [];
const fleet = join(net.workDir, 'fleet');
const key = join(net.workDir, 'a.pem');

beforeAll(async () => {
  await net.open();
  writeFleet();
  const keys = ['--key', key, '--set', join(fleet, 'release-keys.json'), '--comment', 'Ada'];
  expect(await slipway(['template', 'keys', 'new', ...keys])).toMatchObject({ status: 0 });
  for (const { name, mac } of SLOTS) machines.push(await SimMachine.plugIn(net, name, mac));
  await Promise.all([up.open(), down.open()]);
  await Promise.all([up.startHub(), down.startHub()]);
});
afterAll(async () => {
  await Promise.all([up.end(), down.end()]);
  await net.end();
});

/** One strike a line: who is killed, at which moment of which call, and so many milliseconds later. */
type Strike = readonly [side: Side, moment: CallMoment, afterMs?: number];

const JOINING: readonly Strike[] = [
  ['site', 'enroll asked'],
  ['both', 'enroll sent', COMMIT_MS / 2],
  ['both', 'enroll answered'],
  ['site', 'enroll heard', 3],
  ['both', 'hello sent', COMMIT_MS / 2],
  ['site', 'hello answered'],
  ['site', 'hello heard', 2],
];
const REPORTING: readonly Strike[] = [
  ['site', 'report asked'],
  ['site', 'report answered'],
  ['site', 'report heard', 3],
  ['hub', 'report sent', COMMIT_MS / 2],
  ['hub', 'report answered'],
  ['site', 'putState answered'],
  ['both', 'putState sent', COMMIT_MS / 2],
];
const RECOVERING: readonly Strike[] = [
  ['both', 'recover sent', COMMIT_MS / 2],
  ['site', 'recover answered'],
];

it.concurrent('joining, Hello, both lanes up and a new certificate: each side is killed at each step, and each event is there once', async () => {
  await up.startSite(await up.invite());
  for (const strike of JOINING) await up.strike(...strike);
  for (const [side, moment, afterMs] of REPORTING) await up.strike(side, moment, afterMs, () => up.happen());
  await up.untilAllIsThere();
  expect(keysOf(up)).toHaveLength(1);

  // A hundred days later the certificate of the box has ended.
  await Promise.all([up.kill('site', 'for another day'), up.kill('hub', 'for another day')]);
  up.on = (argv: Argv) => faked('+100d', argv);
  await Promise.all([up.startHub(), up.startSite()]);
  for (const strike of RECOVERING) await up.strike(...strike);
  await up.happen();
  await up.untilAllIsThere();
  // With the same key all the while: one box, and the same as before.
  expect(keysOf(up)).toHaveLength(1);
  const [here, there] = [readSiteBook(up.siteData), readHubBook(up.hubData, SITE)];
  expect(there.map(({ seq }) => seq)).toEqual(here.events.map(({ seq }) => seq));
  expect(there.filter(({ type }) => type === 'secret-set').length).toBeGreaterThanOrEqual(3 * REPORTING.length);
  expect(hits(up)).toEqual([...JOINING, ...REPORTING, ...RECOVERING].map(([side, moment]) => `${side}: ${moment}`));
}, 150_000);

it.concurrent('a push, a publication and a revision on its way: each side is killed at each step', async () => {
  await down.startSite(await down.invite());
  for (const site of FAR) await down.tell('invites', { site });
  await down.untilAllIsThere();

  // While a push is taken in: nothing of it is there, and what lay about is swept.
  const grants = count('blobs');
  await killHub('a push is rendered', push(), () => count('meta', "key like 'unnamed/%'") >= 3);
  expect([count('pushes'), count('revisions'), count('blobs') > grants]).toEqual([0, 0, true]);
  await down.startHub();
  expect([count('blobs'), count('meta', "key like 'unnamed/%'")]).toEqual([grants, 0]);
  // As it is written: all of it is there, or nothing.
  await killHub('a push is written', push(), () => count('pushes') === 1);
  expect(count('revisions')).toBe(FAR.length + 1);
  await down.startHub();
  expect(await push()).toMatchObject({ status: 0, out: expect.stringContaining('no site changes') });

  // On its way to the site.
  const begin = () => down.tell('publications', { push: 'p1', sites: SITE, rules: { canary: [SITE], soakMs: 2_000 } });
  await down.strike('site', 'sync answered', 0, begin);
  await down.strike('both', 'sync answered');
  await down.strike('site', 'sync heard', 2);
  await down.strike('site', 'fetch asked');
  await down.strike('both', 'fetch sent');
  await down.strike('site', 'fetch answered');
  await down.strike('site', 'fetch heard', 3);
  await killAt('site', 'trial', async () => applied().candidate?.state === ('trial' satisfies ApplyState));
  expect(applied()).toMatchObject({ candidate: { number: 1, state: 'trial' } });
  await down.startSite();
  await killAt('hub', 'soaking', async () => (await publication()).state === 'soaking');
  await down.startHub();
  await vi.waitFor(async () => expect(await publication()).toMatchObject({ state: 'done' }), { timeout: 20_000 });
  expect(applied()).toMatchObject({ highest: 1, confirmed: { number: 1 }, bad: [] });

  // Machines come up: each is enrolled once.
  await down.strike('hub', 'report sent', COMMIT_MS / 2, () => bootMachine(0));
  await down.strike('site', 'report answered', 0, () => bootMachine(1));
  for (const n of [0, 1]) await vi.waitFor(async () => expect(await bootMachine(n)).toBe(true), { timeout: 20_000 });
  await down.untilAllIsThere();
  const enrolled = (events: readonly { readonly type: string; readonly sentence: string }[]) =>
    events.filter(({ type }) => type === 'node-enrolled').map(({ sentence }) => sentence);
  const there = enrolled(readHubBook(down.hubData, SITE));
  expect(there).toEqual(enrolled(readSiteBook(down.siteData).events));
  expect(new Set(there.map((sentence) => sentence.slice(0, 6)))).toEqual(new Set(SLOTS.map(({ name }) => name)));
  expect(hits(down)).toEqual([
    ...['hub: a push is rendered', 'hub: a push is written', 'site: sync answered', 'both: sync answered'],
    ...['site: sync heard', 'site: fetch asked', 'both: fetch sent'],
    ...['site: fetch answered', 'site: fetch heard'],
    ...['site: trial', 'hub: soaking', 'hub: report sent', 'site: report answered'],
  ]);
}, 150_000);

const push = () => down.command('template', 'push', '--dir', fleet, '--key', key);
const publication = () => down.ask<PublicationView>('publications/r1');
const count = (table: string, where = 'true'): number =>
  read(join(down.hubData, 'hub.db'), (db) =>
    Number(db.prepare(`select count(*) from ${table} where ${where}`).pluck().get()),
  );
const hits = ({ kills }: KillLab) => kills.filter((kill) => !kill.endsWith('another day'));

function keysOf({ hubData }: KillLab): readonly string[] {
  return read(join(hubData, 'hub.db'), (db) =>
    db
      .prepare<[string], string>("select distinct row ->> 'keyDigest' from certificates where key like ? || '/%'")
      .pluck()
      .all(SITE),
  );
}

function applied(): Partial<Applied> {
  try {
    const text = readFileSync(join(down.siteData, 'link/down/applied.json'), 'utf8');
    return (JSON.parse(text) as { readonly applied: Applied }).applied;
  } catch {
    return {};
  }
}

async function killAt(side: Side, why: string, isThere: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await isThere()).toBe(true), { timeout: 20_000, interval: 5 });
  await down.kill(side, why);
  down.expectKept();
}

async function killHub(why: string, command: Promise<unknown>, isThere: () => boolean): Promise<void> {
  await killAt('hub', why, async () => isThere());
  await command;
}

/** From the switch to where it says that it is up; false: nobody answered on the way. */
async function bootMachine(n: number): Promise<boolean> {
  const machine = machines[n];
  if (!machine) throw new Error('no such machine');
  await machine.dhcp(FIRMWARE);
  await machine.get(`/boot/script?mac=${machine.mac}&platform=efi&buildarch=x86_64`);
  return (await machine.phoneHome(await machine.phoneHomeUrl())) === 200;
}

function writeFleet(): void {
  const text = readFileSync(writeTemplate(net, { slots: SLOTS }), 'utf8');
  mkdirSync(join(fleet, 'sites'), { recursive: true });
  writeFileSync(join(fleet, 'template.yaml'), text.replace('{ name: wire }', '{ name: wire, layer: fleet }'));
  const names = [SITE, ...FAR];
  const sites = names.map((name) => `  ${name}: {}`).join('\n');
  writeFileSync(join(fleet, 'fleet.yaml'), `apiVersion: slipway/v1\nkind: Fleet\nname: wire\nsites:\n${sites}\n`);
  for (const name of names)
    writeFileSync(
      join(fleet, `sites/${name}.yaml`),
      'apiVersion: slipway/v1\nkind: SiteTemplate\nmetadata: { name: wire, layer: site }\nspec: {}\n',
    );
}

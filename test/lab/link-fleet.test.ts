import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { sha256OfText } from '../../src/adapters/node/hash.ts';
import type { Event } from '../../src/model/event.ts';
import type { FleetEvents, FleetOverview, FleetSiteView } from '../../src/wire/api/fleet-views.ts';
import { command, FleetLab, QuietStore } from '../wire/support/fleet-lab.ts';
import { SimMachine } from '../wire/support/machine.ts';
import { SiteLab, sha256 } from '../wire/support/site-lab.ts';

const FIRMWARE = { vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007', '0x5e:010310'] };
const TILL = '52:54:00:f1:00:01';
const BOX = '52:54:00:f1:00:02';
const WRONG = 'the kernel of another kind of computer';
const SOON = { timeout: 20_000, interval: 100 };
const STORES = ['store-1', 'store-2', 'store-3'];

const lab = new SiteLab('br-store', '10.101.0');
const fleet = new FleetLab('br-wan', '10.102.0', lab.workDir);
const [second, third] = [new QuietStore(fleet, 'store-2', 2), new QuietStore(fleet, 'store-3', 3)];
let till: SimMachine;
let box: SimMachine;
/** How often a machine was told to install. */
let installs = 0;

/** The whole fleet's template; `profile` is what tills boot, `version` what they are told. */
const template = (version: string, profile = 'live') => ({
  'template.yaml': `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: stores, layer: fleet }
spec:
  vars: { nodesNet: { type: cidr, required: true } }
  networks:
    nodes: { subnet: "{{ vars.nodesNet }}", pool: "+100..+199", lease: { firmware: 5m, os: 30m } }
  assets:
    tiny: { amd64: { kernel: { source: "file://${lab.workDir}/vmlinuz", sha256: "${sha256('kernel')}", name: vmlinuz } } }
    arm: { arm64: { kernel: { source: "file://${lab.workDir}/wrong", sha256: "${sha256OfText(WRONG)}", name: wrong } } }
  profiles:
    live: { kind: live, boots: tiny, documents: { user-data: { text: "#cloud-config\\nhostname: ${version}\\n" } } }
    wrong: { kind: live, arch: arm64, boots: arm }
    box:
      kind: install
      boots: tiny
      documents: { user-data: { text: "#cloud-config\\nruncmd: [erase]\\n", secret: true } }
      install: { completes: phone-home, attempts: 2, within: 10m }
  slots:
    till-1: { profile: ${profile}, match: [{ mac: "${TILL}" }], interfaces: { lan0: { network: nodes, address: +11 } } }
    box-1: { profile: box, match: [{ mac: "${BOX}" }], interfaces: { lan0: { network: nodes, address: +12 } } }
  images:
    upstreams: { registry.test: { url: "http://127.0.0.1:9", access: anyone } }
    wanted: { app: { ref: "registry.test/pos/app:1.4" } }
  wan: { spread: 0s }
`,
});

/** The first store's box; a code where it is to join. */
async function startFirst(trial: '500ms' | '10s', code?: string): Promise<number> {
  const named = code === undefined ? '' : `, code: ${code}`;
  const startedAt = performance.now();
  await lab.start({
    config: `site: store-1\ninterfaces: { nodes: ${lab.bridge} }\nhub: { url: "${fleet.url}", trial: ${trial}${named} }`,
    args: ['--fault', 'link-delay=0'],
    mayWait: code !== undefined,
  });
  lab.listen();
  return performance.now() - startedAt;
}

const say = async (...args: string[]) => {
  const { status, out } = await command(...args, '--socket', lab.site?.socket ?? '');
  expect(status, out).toBe(0);
  return out;
};
const scriptOf = async (machine: SimMachine): Promise<string> => {
  await machine.dhcp(FIRMWARE);
  const script = await machine.get(`/boot/script?mac=${machine.mac}&platform=efi&buildarch=x86_64`);
  if (script.includes(' INSTALLS ')) installs += 1;
  return script;
};
const bootLive = async (version: string): Promise<void> => {
  expect(await scriptOf(till)).toContain('/vmlinuz');
  expect(await till.get(`/nocloud/${TILL}/user-data`)).toContain(`hostname: ${version}`);
  expect(await till.phoneHome(await till.phoneHomeUrl())).toBe(200);
};
const inForce = async () => (await Promise.all([lab, second, third].map(numberOf))).join(' ');
const numberOf = async (store: SiteLab | QuietStore): Promise<number | undefined> =>
  (store instanceof SiteLab ? await lab.revision() : await store.revision()).inForce?.number;
const viewOf = (site: string) => fleet.ask<FleetSiteView>(`sites/${site}`);
const enrolments = async () =>
  (await fleet.ask<FleetEvents>('sites/store-1/events?type=node-enrolled&limit=500')).events.length;
/** Numbers that a store ever had in force, in the order of time, as it wrote them down itself. */
async function triedAt(socket = ''): Promise<readonly number[]> {
  const { events } = await askSite<{ events: readonly Event[] }>(socket, '/api/v1/events?limit=1000');
  const applied = events.filter(({ type }) => type === 'revision-tried' || type === 'revision-applied');
  return applied.sort((a, b) => a.seq - b.seq).map(({ data }) => Number(data?.['number']));
}

beforeAll(async () => {
  lab.write('vmlinuz', 'kernel');
  lab.write('wrong', WRONG);
  await lab.open();
  const layer = (net: string) => `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: stores, layer: site }
spec: { values: { nodesNet: ${net} } }
`;
  await fleet.open({
    'fleet.yaml': `apiVersion: slipway/v1\nkind: Fleet\nname: stores\nsites: { ${STORES.map((name) => `${name}: {}`).join(', ')} }\n`,
    'sites/store-1.yaml': layer('10.101.0.0/24'),
    'sites/store-2.yaml': layer('10.102.0.0/24'),
    'sites/store-3.yaml': layer('10.102.0.0/24'),
    ...template('first'),
  });
  const [one, two, three] = await Promise.all(STORES.map((name) => fleet.invite(name)));
  [till, box] = await Promise.all([SimMachine.plugIn(lab, 'till', TILL), SimMachine.plugIn(lab, 'box', BOX)]);
  await Promise.all([startFirst('500ms', one), second.start(two), third.start(three), fleet.push()]);
});

afterAll(async () => {
  await Promise.all([second.end(), third.end()]);
  await fleet.end();
  await lab.end();
});

it('the first revision comes to all three, and machines boot and install by it', async () => {
  await fleet.untilRows(await fleet.publish(), 'store-1 confirmed 1', 'store-2 confirmed 1', 'store-3 confirmed 1');
  expect(await inForce()).toBe('1 1 1');
  await say('arm');
  await bootLive('first');
  await vi.waitFor(async () => expect(await scriptOf(box)).toContain(' INSTALLS '), SOON);
  expect(await box.get(`/nocloud/${BOX}/user-data`)).toContain('erase');
  expect(await box.phoneHome(await box.phoneHomeUrl())).toBe(200);
  await vi.waitFor(async () => {
    const { slotViews } = await viewOf('store-1');
    expect(slotViews.map(({ slot, state }) => `${slot} ${state}`)).toEqual(['box-1 enrolled', 'till-1 enrolled']);
  }, SOON);
  expect(installs).toBeGreaterThan(0);
  installs = 0;
  // No registry is there: head office sees which image is missing where, and why.
  const app = { name: 'app', image: 'registry.test/pos/app:1.4', state: 'failed' };
  await vi.waitFor(async () => expect((await viewOf('store-1')).imageViews).toMatchObject([app]), SOON);
  expect((await fleet.say('site', 'store-1')).out).toMatch(
    /^image +app \(registry.test\/pos\/app:1\.4\): failed because /m,
  );
  expect((await fleet.ask<FleetOverview>('fleet')).lackImages).toBeGreaterThan(0);
});

it('one that breaks boot is taken back by the store itself while head office is dead; that halts it, and everybody says why', async () => {
  await lab.site?.stop('SIGKILL');
  await startFirst('10s');
  fleet.write(template('second', 'wrong'));
  await fleet.push();
  const id = await fleet.publish('--canary', 'store-1', '--soak', '1s');
  await lab.untilApplied('trial', 3);
  await fleet.kill();
  expect(await scriptOf(till)).toContain('another kind of computer');
  await lab.untilApplied('reverted', 3);
  await bootLive('first');
  await fleet.start();
  await fleet.untilState(id, 'halted');
  const why = /till-1 did not come up.*another kind of computer/;
  const shown = await fleet.say('publish', 'show', id);
  expect(shown.out).toMatch(why);
  expect(shown.status).not.toBe(0);
  expect((await fleet.say('site', 'store-1')).out).toMatch(why);
  expect(await say('revision')).toMatch(why);
  expect(await say('status')).toContain('revision 3 was tried and did not work here');
  expect((await viewOf('store-1')).revision).toMatchObject({
    number: 1,
    state: 'reverted',
    because: expect.stringMatching(why),
  });
  expect(await inForce()).toBe('1 1 1');
  expect(await fleet.rows(id)).toEqual(['store-1 reverted 3', 'store-2 waiting 3', 'store-3 waiting 3']);
  await fleet.act('rollback', id);
  await fleet.untilState(id, 'rolled-back');
  expect(await inForce()).toBe('1 1 1');
});

it('a pause holds it, a freeze holds it in its store; who is away gets the newest when it is back, and nothing between', async () => {
  await Promise.all([third.stop(), lab.site?.stop()]);
  await startFirst('500ms');
  fleet.write(template('third'));
  await fleet.push();
  const held = await fleet.publish('--canary', 'store-1', '--soak', '1h', '--halt-after', '1');
  await fleet.act('pause', held);
  expect((await fleet.publication(held)).state).toBe('paused');
  await fleet.act('resume', held);
  await fleet.untilState(held, 'soaking');
  await bootLive('third');
  expect(await fleet.rows(held)).toEqual(['store-1 confirmed 5', 'store-2 waiting 5', 'store-3 waiting 5']);
  await fleet.act('abort', held);
  expect((await fleet.publication(held)).because).toContain('a test wants it');

  expect((await second.say('freeze', '--until', '20:00', '--because', 'trading until 20:00')).status).toBe(0);
  fleet.write(template('fourth'));
  await fleet.push();
  const id = await fleet.publish();
  await fleet.untilRows(id, 'store-1 confirmed 7', 'store-2 deferred 7', 'store-3 offered 7');
  expect((await fleet.say('publish', 'sites', id)).out).toContain('the store is frozen: trading until 20:00');
  expect((await second.say('thaw')).status).toBe(0);
  await third.start();
  await fleet.untilRows(id, 'store-1 confirmed 7', 'store-2 confirmed 7', 'store-3 confirmed 7');
  expect(await inForce()).toBe('7 7 7');

  // What each had before it: the third never had what came while it was away.
  await fleet.act('rollback', id);
  await fleet.untilState(id, 'rolled-back');
  expect(await fleet.rows(id)).toEqual(['store-1 confirmed 8', 'store-2 confirmed 8', 'store-3 confirmed 8']);
  await bootLive('third');
  expect(await triedAt(lab.site?.socket)).toEqual([1, 1, 3, 5, 5, 7, 7, 8, 8]);
  expect(await triedAt(second.socket)).toEqual([1, 1, 7, 7, 8, 8]);
  expect(await triedAt(third.socket)).toEqual([1, 1, 7, 7, 8, 8]);
});

it('a box starts, is killed and boots machines as quickly with a head office whose packets vanish', async () => {
  await lab.site?.stop('SIGKILL');
  const reached = await startFirst('500ms');
  await vi.waitFor(async () => expect((await lab.status()).headOffice?.state).toBe('online'), SOON);
  await fleet.cut();
  await bootLive('third');
  await lab.site?.stop('SIGKILL');
  const alone = await startFirst('500ms');
  // What waited for an answer anywhere would wait for ten seconds at least.
  expect(alone - reached).toBeLessThan(4_000);
  await bootLive('third');
  const before = await enrolments();
  const stoppedAt = performance.now();
  await lab.site?.stop();
  expect(performance.now() - stoppedAt).toBeLessThan(6_000);
  await fleet.heal();
  await startFirst('500ms');
  await vi.waitFor(async () => expect(await enrolments()).toBeGreaterThan(before), SOON);
});

it('a new box takes what is confirmed, is armed by head office, and installs nothing again', async () => {
  await lab.site?.stop('SIGKILL');
  rmSync(lab.dataDir, { recursive: true });
  await startFirst('500ms', await fleet.invite('store-1'));
  await vi.waitFor(async () => expect((await lab.status()).ready).toBe(true), SOON);
  await lab.untilEvent('site-taken-over', ({ sentence }) => sentence.includes('1 of them installed'));
  expect((await lab.status()).armed).toBe(true);
  expect((await lab.node('box-1')).node).toMatchObject({
    ...{ state: 'enrolled', binding: 1 },
    install: { orders: [{ state: 'confirmed' }] },
  });
  for (let starts = 0; starts < 3; starts++) expect(await scriptOf(box)).toContain('Going on with the local disk');
  expect((await box.curl('-w', '%{http_code}', box.url(`/nocloud/${BOX}/user-data`))).out).not.toContain('erase');
  await bootLive('third');
  expect(installs).toBe(0);
});

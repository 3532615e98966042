import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256OfText } from '../../src/adapters/node/hash.ts';
import { runProgram } from '../../src/cli/program.ts';
import { testKey } from '../support/sample-bundle.ts';
import { revisionOf } from '../support/sample-template.ts';
import { SimMachine } from './support/machine.ts';
import { SiteLab } from './support/site-lab.ts';
import { arrive, readApplied } from './support/steering.ts';
import { type TemplateOptions, writeTemplate } from './support/template.ts';

const FIRMWARE = { vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007', '0x5e:010310'] };
const TILL = { name: 'till-1', mac: '52:54:00:81:00:01', host: 11 };
const lab = new SiteLab('br-down', '10.81.0');
const ada = testKey('Ada');
let machine: SimMachine;

/** Short where it is to end by itself, and long where a machine is to be quicker. */
type Trial = '1s' | '10s';
/** Nobody answers there: from the first revision on the site is alone. */
const start = (trial: Trial, mayWait = false) =>
  lab.start({
    config: `site: wire
interfaces: { nodes: ${lab.bridge} }
hub: { url: "https://127.0.0.1:9", trial: ${trial} }`,
    mayWait,
  });

const inForce = async () => (await lab.revision()).inForce?.number;
const ask = () => machine.get(`/boot/script?mac=${machine.mac}&platform=efi&buildarch=x86_64`);
const say = async (...args: string[]) => {
  let said = '';
  const write = (text: string): void => {
    said += text;
  };
  const argv = ['node', 'slipway', ...args, '--socket', lab.site?.socket ?? ''];
  const status = await runProgram(argv, { write, writeError: write });
  expect(status, said).toBe(0);
  return said;
};

/** The template as head office would have sent it: fetched and proved, and the power went then. */
function arrives(number: number, options: TemplateOptions): void {
  const path = writeTemplate(lab, { slots: [TILL], ...options });
  const revision = revisionOf(readFileSync(path, 'utf8'), { site: { name: 'wire', vars: {} } });
  arrive(lab.dataDir, { number, site: 'wire', revision, key: ada });
}

const cloudConfig = (name: string) => `{ text: "#cloud-config\\nhostname: ${name}\\n" }`;
const userData = () => machine.get(`/nocloud/${machine.mac}/user-data`);

beforeAll(async () => {
  await lab.open();
  machine = await SimMachine.plugIn(lab, TILL.name, TILL.mac);
});
afterAll(() => lab.end());

it('a site without any revision shows its page, says that it waits, and answers no machine', async () => {
  await start('1s', true);
  expect(await lab.status()).toMatchObject({
    ready: false,
    notReady: ['waits for head office: no revision has come yet'],
  });
  expect((await fetch(`http://${lab.address}/readyz`)).status).toBe(503);
  expect((await fetch(`http://${lab.address}/`)).status).toBe(200);
  await expect(machine.dhcp({ ...FIRMWARE, tries: 1 })).rejects.toThrow();
  expect(await say('revision')).toContain('waits for head office');
});

it('the first one opens its sockets, and is confirmed by a boot', async () => {
  await lab.site?.stop('SIGKILL');
  arrives(7, { userData: cloudConfig('first') });
  await start('1s');
  await machine.dhcp(FIRMWARE);
  expect(await ask()).toContain('/vmlinuz');
  expect(await userData()).toContain('first');
  expect(await machine.phoneHome(await machine.phoneHomeUrl())).toBe(200);
  await lab.untilApplied('confirmed', 7);
});

it('it is there after a kill, with no head office; a freeze holds the next one back while machines boot, over a kill', async () => {
  expect(await say('freeze', '--until', '2h', '--because', 'trading')).toContain('No revision comes into force until');
  await lab.site?.stop('SIGKILL');
  // It is right in itself, and wrong for this machine: no check but a boot can tell.
  const path = lab.write('arm-kernel', 'the kernel of another kind of computer');
  const digest = sha256OfText('the kernel of another kind of computer');
  arrives(8, {
    slots: [{ ...TILL, profile: 'arm' }],
    assets: `    arm: { arm64: { kernel: { source: "file://${path}", sha256: "${digest}", name: arm } } }`,
    profiles: '    arm: { kind: live, arch: arm64, boots: arm }',
  });
  await start('1s');
  expect(await lab.status()).toMatchObject({ ready: true, revision: { number: 7 } });
  await lab.untilApplied('deferred', 8);
  expect(await lab.status()).toMatchObject({ steered: { freeze: { because: 'trading' } } });
  await machine.dhcp(FIRMWARE);
  expect(await ask()).toContain('/vmlinuz');
  await lab.site?.stop('SIGKILL');
  await start('10s');
  await lab.untilApplied('deferred', 8);
  expect(await inForce()).toBe(7);
});

it('thawed, it is tried, and a refused boot takes it back', async () => {
  lab.listen();
  await say('thaw');
  await lab.untilApplied('trial', 8);
  // It is written down first, so that a start that it breaks is counted; then it comes into force.
  await expect.poll(inForce, { timeout: 10_000 }).toBe(8);
  await machine.dhcp(FIRMWARE);
  expect(await ask()).toContain('another kind of computer');
  await lab.untilApplied('reverted', 8);
  expect(await inForce()).toBe(7);
  await lab.untilEvent('revision-reverted', ({ sentence }) => sentence.includes('another kind of computer'));
  await machine.dhcp(FIRMWARE);
  expect(await ask()).toContain('/vmlinuz');
  expect(await say('revision')).toContain('revision 8 was tried and did not work here');
});

it('killed in a trial it goes on with it; what was bad stays bad under a higher number', async () => {
  await lab.site?.stop('SIGKILL');
  const bad = readApplied(lab.dataDir).candidate?.content;
  arrives(9, { userData: cloudConfig('third') });
  await start('10s');
  await lab.untilApplied('trial', 9);
  await lab.site?.stop('SIGKILL');
  expect(readApplied(lab.dataDir).candidate).toMatchObject({ number: 9, state: 'trial' });
  await start('1s');
  expect(await inForce()).toBe(9);
  await machine.dhcp(FIRMWARE);
  await ask();
  expect(await userData()).toContain('third');
  expect(await machine.phoneHome(await machine.phoneHomeUrl())).toBe(200);
  await lab.untilApplied('confirmed', 9);
  expect((await lab.revision()).steered?.bad).toMatchObject([{ number: 8 }]);
  expect(readApplied(lab.dataDir).bad?.map(({ content }) => content)).toEqual([bad]);
});

import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { run } from '../../src/lab/command.ts';
import { SimMachine } from './support/machine.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:3a:00:01';
const OTHER_MAC = '52:54:00:3a:00:02';
const PXE = { vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007'], tries: 10 };
/** Looks are three seconds apart, and it takes two. */
const PATIENT = { timeout: 20_000, interval: 200 };

const lab = new SiteLab('br-addr', '10.58.0');
const next = `${lab.net}.2`;

const ip = (...args: string[]) => run(['ip', ...args, 'dev', lab.bridge]);
const address = (what: 'add' | 'del', is: string) => ip('address', what, `${is}/24`);
const link = (state: 'up' | 'down') => run(['ip', 'link', 'set', lab.bridge, state]);
const untilReady = () => vi.waitFor(async () => expect((await lab.status()).notReady).toEqual([]), PATIENT);
const untilNotReady = () =>
  vi.waitFor(async () => expect((await lab.status()).notReady.join()).toMatch(/br-addr|serves at/), PATIENT);

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots: [{ name: 'pos-1', mac: MAC, host: 11 }] });
  await lab.start();
  await lab.untilAssetsAreHere();
});
afterAll(() => lab.end());

it('a device that goes, and comes back as it was, needs nothing', async () => {
  const till = await SimMachine.plugIn(lab, 'till', MAC);
  await link('down');
  await address('del', lab.address);
  await untilNotReady();
  await address('add', lab.address);
  await link('up');
  await untilReady();
  expect(await till.dhcp(PXE)).toMatchObject({ ip: `${lab.net}.11`, serverid: lab.address });
  expect(await till.get(`/boot/script?mac=${MAC}`)).toContain(`http://${lab.address}/assets/`);
});

it('a device that comes back with another address is served from there, also machines that know it by the old one', async () => {
  await link('down');
  await address('del', lab.address);
  await untilNotReady();
  await address('add', next);
  await link('up');
  await untilReady();
  expect((await lab.status()).networks).toMatchObject([{ name: 'nodes', serverAddress: next }]);
  const fresh = await SimMachine.plugIn(lab, 'fresh', OTHER_MAC);
  expect(await fresh.dhcp(PXE)).toMatchObject({ serverid: next, siaddr: next });
  const till = await SimMachine.plugIn(lab, 'till-2', MAC);
  expect(await till.dhcp(PXE)).toMatchObject({ ip: `${lab.net}.11`, serverid: next });
  const script = await till.host.exec(['curl', '-sSf', '--max-time', '20', `http://${next}/boot/script?mac=${MAC}`]);
  expect(script).toContain(`http://${next}/assets/`);
  expect(script).not.toContain(lab.address);
});

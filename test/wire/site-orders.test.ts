import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { SimMachine } from './support/machine.ts';
import { WITHIN } from './support/patience.ts';
import { codeOn } from './support/screen.ts';
import { type Ended, SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:1d:00:01';
const STRANGER = '52:54:00:1d:00:02';
const PIN = '471147';
const lab = new SiteLab('br-orders', '10.44.0');
let till: SimMachine;
let stranger: SimMachine;

const ask = (...args: string[]): Promise<Ended> => slipway([...args, '--socket', lab.site?.socket ?? '']);
const nodeOf = (name: string): Promise<NodeDetail> => lab.node(name);
const orderState = async (name: string) => (await nodeOf(name)).node?.install?.orders[0]?.state;

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, {
    slots: [
      { name: 'box-1', mac: MAC, host: 11, profile: 'box' },
      { name: 'box-2', mac: '52:54:00:1d:00:09', host: 12, profile: 'box' },
    ],
    profiles: `    box:
      kind: install
      boots: tiny
      documents: { user-data: { text: "#cloud-config\\n{}\\n" } }
      install: { completes: phone-home, attempts: 2, within: 10m }`,
  });
  await startSite();
  await lab.untilAssetsAreHere();
  till = await SimMachine.plugIn(lab, 'box', MAC);
  stranger = await SimMachine.plugIn(lab, 'other', STRANGER);
});

afterAll(() => lab.end());

async function startSite(): Promise<void> {
  const pinFile = lab.write('pin', `${PIN}\n`, 0o600);
  await lab.start({ config: lab.config(`pinFile: ${pinFile}\n`) });
}

/** Switches a machine on, and answers its script. */
async function powerOn(machine: SimMachine, mac: string): Promise<string> {
  await machine.dhcp();
  return machine.get(`/boot/script?mac=${mac}&manufacturer=Dell&product=OptiPlex`);
}

function post(path: string, ...headers: string[]): Promise<Ended> {
  const more = headers.flatMap((header) => ['-H', header]);
  const isTyped = headers.some((header) => header.startsWith('content-type'));
  const json = [...(isTyped ? [] : ['-H', 'content-type: application/json']), '--data', '{}'];
  return till.curl('-o', '/dev/null', '-w', '%{http_code}', ...json, ...more, till.url(path));
}

describe('an order', () => {
  it('is needed: a new site installs nothing until it is armed', async () => {
    await powerOn(till, MAC);
    expect((await nodeOf('box-1')).node?.install).toMatchObject({ orders: [], because: 'the site is not armed yet' });
    expect((await ask('reinstall', 'box-1')).err).toContain('not armed');
  });

  it('is given by arming, and shown', async () => {
    expect(await ask('arm')).toMatchObject({ status: 0, out: 'The site is armed. Install ordered for box-1.\n' });
    const { out } = await ask('node', 'box-1');
    expect(out).toContain('install  begins when its machine boots from the network');
    expect(out).toMatch(/order {4}o1 by cli for binding 1, .*: installs when its machine boots from the network/);
  });

  it('outlives the end of the site', async () => {
    await lab.site?.stop('SIGKILL');
    await startSite();
    expect(await orderState('box-1')).toBe('open');
  });

  it('is void when the log of orders is lost, and the site is disarmed', async () => {
    await lab.site?.stop();
    await rm(join(lab.dataDir, 'orders.log'));
    await startSite();
    expect(await orderState('box-1')).toBe('void');
    expect((await nodeOf('box-1')).node?.install?.because).toContain('disarmed');
    expect((await ask('arm')).out).toContain('nothing was ordered');
    expect((await ask('reinstall', 'box-1')).out).toContain('switch it off and on');
    expect(await orderState('box-1')).toBe('open');
  });
});

describe('a command over the network', () => {
  it('is refused without the PIN, with another Host or Origin, and as a form', async () => {
    const pin = `slipway-pin: ${PIN}`;
    expect((await post('/api/v1/slots/box-1/hold')).out).toBe('403');
    expect((await post('/api/v1/slots/box-1/hold', pin, 'Host: evil.example')).out).toBe('403');
    expect((await post('/api/v1/slots/box-1/hold', pin, 'Origin: http://evil.example')).out).toBe('403');
    expect((await post('/api/v1/slots/box-1/hold', pin, 'content-type: text/plain')).out).toMatch(/^4/);
    expect((await nodeOf('box-1')).node?.install).not.toHaveProperty('because');
    const { events } = await lab.ask<{ events: readonly { type: string }[] }>('/api/v1/events?type=command-refused');
    expect(events.length).toBe(3);
  });

  it('is carried out with it', async () => {
    expect((await post('/api/v1/slots/box-1/hold', `slipway-pin: ${PIN}`)).out).toBe('200');
    expect((await nodeOf('box-1')).node?.install?.because).toContain('held by page');
    expect((await ask('hold', 'box-1', '--off')).out).toBe('box-1 is no longer held.\n');
  });
});

describe('an unknown machine', () => {
  it('is claimed by the code on its screen, with the slot proposed', async () => {
    const code = codeOn(await powerOn(stranger, STRANGER));
    await vi.waitFor(async () => expect((await nodeOf(code)).machine?.held).toBe(true), WITHIN);
    expect((await ask('node', code)).out).toContain(`slipway claim ${code} box-2`);
    expect((await ask('claim', code, 'box-2')).out).toContain('Its install is ordered.');
    expect(await orderState('box-2')).toBe('open');
    expect((await ask('claim', code, 'box-2')).status).toBe(2);
  });
});

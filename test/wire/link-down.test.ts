import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256OfText } from '../../src/adapters/node/hash.ts';
import type { Revision } from '../../src/model/revision.ts';
import type { Applied, ApplyState } from '../../src/site/link/policy/apply.ts';
import type { RevisionView } from '../../src/wire/api/revision.ts';
import { bundleOf, testKey } from '../support/sample-bundle.ts';
import { compileText } from '../support/sample-template.ts';
import { SimMachine } from './support/machine.ts';
import { SiteLab, slipway } from './support/site-lab.ts';
import { type TemplateOptions, writeTemplate } from './support/template.ts';

const FIRMWARE = { vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007', '0x5e:010310'] };
const TILL = { name: 'till-1', mac: '52:54:00:81:00:01', host: 11 };
const lab = new SiteLab('br-down', '10.81.0');
const ada = testKey('Ada');
let machine: SimMachine;

/** Nobody answers there: from the first revision on the site is alone. */
const start = (mayWait = false) =>
  lab.start({
    config: [`site: wire\ninterfaces: { nodes: ${lab.bridge} }`, 'hub: { url: "https://127.0.0.1:9", trial: 4s }'].join(
      '\n',
    ),
    mayWait,
  });
const view = () => lab.ask<RevisionView>('/api/v1/revision');
const steered = async () => {
  const { inForce, steered: one } = await view();
  return [inForce?.number, one?.wanted?.number, one?.wanted?.state];
};
const ask = () => machine.get(`/boot/script?mac=${machine.mac}&platform=efi&buildarch=x86_64`);
const say = async (...args: string[]) => {
  const { status, out, err } = await slipway([...args, '--socket', lab.site?.socket ?? '']);
  expect([status, err]).toEqual([0, '']);
  return out;
};

/** The revision that a template comes to, as head office would have sent it: fetched and proved, and the power went then. */
function arrives(number: number, options: TemplateOptions): void {
  const path = writeTemplate(lab, { slots: [TILL], ...options });
  const compiled = compileText(readFileSync(path, 'utf8'), { site: { name: 'wire', vars: {} } });
  if (!compiled.ok) throw new Error(compiled.error.join('\n'));
  const revision: Revision = compiled.value;
  const { text } = bundleOf(ada, { number, site: 'wire', revision, secrets: {} });
  const bundle = sha256OfText(text);
  const dir = join(lab.dataDir, 'link/down');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, bundle), text);
  const applied: Applied = {
    ...{ bad: [], ...readApplied(), highest: number, accepted: bundle },
    candidate: {
      ...{ number, bundle, sizeBytes: text.length, publication: `r${number}`, since: Date.now() },
      ...{ state: 'fetched' satisfies ApplyState, content: revision.digest },
    },
  };
  writeFileSync(join(dir, 'applied.json'), JSON.stringify({ format: 1, applied }));
}

function readApplied(): Partial<Applied> {
  try {
    const text = readFileSync(join(lab.dataDir, 'link/down/applied.json'), 'utf8');
    return (JSON.parse(text) as { readonly applied: Applied }).applied;
  } catch {
    return {};
  }
}

const cloudConfig = (name: string) => `{ text: "#cloud-config\\nhostname: ${name}\\n" }`;
const userData = () => machine.get(`/nocloud/${machine.mac}/user-data`);

beforeAll(async () => {
  await lab.open();
  machine = await SimMachine.plugIn(lab, TILL.name, TILL.mac);
});
afterAll(() => lab.end());

it('a site without any revision shows its page, says that it waits, and answers no machine', async () => {
  await start(true);
  expect(await lab.status()).toMatchObject({
    ready: false,
    notReady: ['waits for head office: no revision has come yet'],
  });
  expect((await fetch(`http://${lab.address}/readyz`)).status).toBe(503);
  expect((await fetch(`http://${lab.address}/`)).status).toBe(200);
  await expect(machine.dhcp({ ...FIRMWARE, tries: 2 })).rejects.toThrow();
  expect(await say('revision')).toContain('waits for head office');
});

it('the first one opens its sockets, is confirmed by a boot, and is there after a kill, with no head office', async () => {
  await lab.site?.stop('SIGKILL');
  arrives(7, { userData: cloudConfig('first') });
  await start(true);
  await expect.poll(async () => (await lab.status()).ready, { timeout: 15_000 }).toBe(true);
  await machine.dhcp(FIRMWARE);
  expect(await ask()).toContain('/vmlinuz');
  expect(await userData()).toContain('first');
  expect(await machine.phoneHome(await machine.phoneHomeUrl())).toBe(200);
  await expect.poll(steered, { timeout: 15_000 }).toEqual([7, 7, 'confirmed']);
  await lab.site?.stop('SIGKILL');
  await start();
  expect(await lab.status()).toMatchObject({ ready: true, revision: { number: 7 } });
});

it('a freeze holds the next one back while machines boot, over a kill; thawed, it is tried, and a refused boot takes it back', async () => {
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
  await start();
  lab.listen();
  await expect.poll(steered, { timeout: 15_000 }).toEqual([7, 8, 'deferred']);
  expect(await lab.status()).toMatchObject({ steered: { freeze: { because: 'trading' } } });
  await machine.dhcp(FIRMWARE);
  expect(await ask()).toContain('/vmlinuz');
  await lab.site?.stop('SIGKILL');
  await start();
  lab.listen();
  await expect.poll(steered, { timeout: 15_000 }).toEqual([7, 8, 'deferred']);

  await say('thaw');
  await expect.poll(steered, { timeout: 15_000 }).toEqual([8, 8, 'trial']);
  await machine.dhcp(FIRMWARE);
  expect(await ask()).toContain('another kind of computer');
  await expect.poll(steered, { timeout: 15_000 }).toEqual([7, 8, 'reverted']);
  await lab.untilEvent('revision-reverted', ({ sentence }) => sentence.includes('another kind of computer'));
  await machine.dhcp(FIRMWARE);
  expect(await ask()).toContain('/vmlinuz');
  expect(await say('revision')).toContain('revision 8 was tried and did not work here');
});

it('killed in a trial it goes on with it; what was bad stays bad under a higher number', async () => {
  await lab.site?.stop('SIGKILL');
  const bad = readApplied().candidate?.content;
  arrives(9, { userData: cloudConfig('third') });
  await start();
  await expect.poll(steered, { timeout: 15_000 }).toEqual([9, 9, 'trial']);
  await lab.site?.stop('SIGKILL');
  expect(readApplied().candidate).toMatchObject({ number: 9, state: 'trial' });
  await start();
  expect((await steered())[0]).toBe(9);
  await machine.dhcp(FIRMWARE);
  await ask();
  expect(await userData()).toContain('third');
  expect(await machine.phoneHome(await machine.phoneHomeUrl())).toBe(200);
  await expect.poll(steered, { timeout: 15_000 }).toEqual([9, 9, 'confirmed']);
  expect((await view()).steered?.bad).toMatchObject([{ number: 8 }]);
  expect(readApplied().bad?.map(({ content }) => content)).toEqual([bad]);
});

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SimMachine } from './support/machine.ts';
import { SiteLab, sha256 } from './support/site-lab.ts';
import { IS_STEERED } from './support/steering.ts';
import { type TemplateOptions, writeTemplate } from './support/template.ts';

const FIRMWARE = { vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007', '0x5e:010310'] };
const lab = new SiteLab('br-pinned', '10.63.0');
const tills = [1, 2, 3].map((n) => ({ name: `till-${n}`, mac: `52:54:00:63:00:0${n}`, host: 10 + n }));
const NEW_KERNEL = 'the kernel of the second revision';

/** The first revision: the first till boots `live`; the third has no slot. */
const first: TemplateOptions = { slots: tills.slice(0, 2), userData: '{ text: "#cloud-config\\nhostname: first\\n" }' };

/** The second one: another kernel, another document, and a slot for the third till. */
function second(): TemplateOptions {
  const path = lab.write('new-kernel', NEW_KERNEL);
  return {
    slots: tills.map((till) => ({ ...till, profile: 'own' })),
    assets: `    own: { amd64: { kernel: { source: "file://${path}", sha256: "${sha256(NEW_KERNEL)}", name: own } } }`,
    profiles:
      '    own: { kind: live, boots: own, documents: { user-data: { text: "#cloud-config\\nhostname: second\\n" } } }',
  };
}

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, first);
  await lab.start();
  lab.listen();
  await lab.untilAssetsAreHere();
});

afterAll(() => lab.end());

it('a boot ends with the revision that it began with, over a changed template and a kill; the next takes the newest', async () => {
  const machine = await powerOn(0);
  const script = await ask(machine);
  expect(script).toContain('/vmlinuz');
  const held = await powerOn(2);
  expect(await ask(held)).not.toContain('/assets/');
  await lab.untilEvent('boot-stage', ({ slot, data }) => slot === 'till-1' && data?.['stage'] === 'script');
  await lab.untilEvent('machine-held', () => true);

  await lab.site?.stop('SIGKILL');
  writeTemplate(lab, second());
  await lab.start();
  await lab.untilAssetsAreHere();
  expect(await lab.status()).toMatchObject({ revision: { number: 2 } });

  // Its fetch was cut by the kill: it asks again, and says why.
  const again = await ask(machine, '&errno=0x4c0a6092&step=kernel');
  expect(again).toContain('/vmlinuz');
  const files = again.match(/\/assets\/sha256\/\S+/g) ?? [];
  expect(files).toEqual(script.match(/\/assets\/sha256\/\S+/g));
  for (const file of files) await machine.curl('--fail', '-o', '/dev/null', machine.url(file));
  // The one that waits goes on by itself, with the newest.
  expect(await ask(held)).toContain(sha256(NEW_KERNEL));

  // Once more, and without a question in between.
  await expect.poll(async () => (await lab.node('till-1')).boots[0]?.stages.at(-1)?.stage).toBe('kernel');
  await lab.site?.stop('SIGKILL');
  await lab.start();
  expect(kept()).toHaveLength(2);
  await machine.dhcp();
  expect(await machine.get(`/nocloud/${machine.mac}/meta-data`)).toContain('till-1');
  expect(await machine.get(`/nocloud/${machine.mac}/user-data`)).toContain('hostname: first');
  expect(await machine.phoneHome(await machine.phoneHomeUrl())).toBe(200);
  const { node, boots } = await lab.node('till-1');
  expect([node?.state, boots.map(({ outcome }) => outcome)]).toEqual(['enrolled', ['live']]);

  await machine.dhcp(FIRMWARE);
  expect(await ask(machine)).toContain(sha256(NEW_KERNEL));
  expect(await machine.get(`/nocloud/${machine.mac}/user-data`)).toContain('hostname: second');
});

it('what no open boot pins any more is deleted; what cannot be read is named, and the boot goes on with the newest', async () => {
  lab.listen();
  const machine = await powerOn(1);
  await ask(machine);
  await expect.poll(async () => (await lab.node('till-2')).boots[0]?.stages.at(-1)?.stage).toBe('script');
  await lab.site?.stop('SIGKILL');
  const names = kept();
  for (const name of names) lab.write(join('data/revisions', name), '{"format":1,');
  lab.write('data/revision.json', '');
  writeTemplate(lab, { ...first, more: '  unknownMachines: { action: hold, for: 7m }' });
  await lab.start();
  expect(await lab.status()).toMatchObject({ ready: true, revision: { number: 3 } });
  const named = lab.log().filter(({ msg }) => String(msg).includes('passed over'));
  expect(named.map(({ file }) => basename(String(file))).sort()).toEqual(names.sort());
  // The first revision is gone; of the second, which an open boot pins, nobody says that it is not there.
  expect(kept()).toHaveLength(2);
  // What came from head office lies there a second time: it is the second that was in force, and its boot keeps it.
  const goesOnWith = IS_STEERED ? sha256(NEW_KERNEL) : '/vmlinuz';
  expect(await ask(machine, '&errno=0x4c0a6092&step=kernel')).toContain(goesOnWith);
});

function kept(): string[] {
  return readdirSync(join(lab.dataDir, 'revisions'));
}

async function powerOn(index: number): Promise<SimMachine> {
  const { name = '', mac = '' } = tills[index] ?? {};
  const machine = await SimMachine.plugIn(lab, name, mac);
  await machine.dhcp(FIRMWARE);
  return machine;
}

function ask(machine: SimMachine, more = ''): Promise<string> {
  return machine.get(`/boot/script?mac=${machine.mac}&platform=efi&buildarch=x86_64${more}`);
}

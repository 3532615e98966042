import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { OrderView } from '../../src/wire/api/views.ts';
import { type DhcpOptions, SimMachine } from './support/machine.ts';
import { WITHIN } from './support/patience.ts';
import { type Ended, SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const FIRMWARE: DhcpOptions = {
  vendorClass: 'PXEClient:Arch:00007:UNDI:003016',
  send: ['0x5d:0007', '0x5e:010310'],
};
const IPXE: DhcpOptions = {
  ...FIRMWARE,
  send: [...(FIRMWARE.send ?? []), '0x4d:69505845', '0xaf:b105011af41000130101240101'],
};
const WORDS = 'talos.experimental.wipe=system';
const SCREEN = 'echo This install erases the disk first.';

const lab = new SiteLab('br-wipe', '10.55.0');
const names = ['once', 'before', 'after', 'stored', 'retry', 'plain'] as const;
type Name = (typeof names)[number];
const macOf = (name: Name) => `52:54:00:55:00:0${names.indexOf(name) + 1}`;
const machines = new Map<Name, SimMachine>();

const ask = (...args: string[]): Promise<Ended> => slipway([...args, '--socket', lab.site?.socket ?? '']);
const orderOf = async (name: Name): Promise<OrderView | undefined> => (await lab.node(name)).node?.install?.orders[0];

beforeAll(async () => {
  await lab.open();
  const plan = 'completes: api, attempts: 3, within: 1h';
  const document = 'documents: { talos: { text: "machine: {}\\n", secret: true } }';
  writeTemplate(lab, {
    slots: names.map((name, index) => ({
      ...{ name, mac: macOf(name), host: 11 + index },
      profile: name === 'plain' ? 'plain' : 'box',
    })),
    profiles: `    plain: { kind: install, boots: tiny, ${document}, install: { ${plan} } }
    box:
      extends: [plain]
      install: { wipe: { cmdline: { talos.experimental.wipe: system } } }`,
  });
  await lab.start();
  await lab.untilAssetsAreHere();
  for (const name of names) machines.set(name, await SimMachine.plugIn(lab, name, macOf(name)));
  for (const name of names) await powerOn(name);
  // What fills a slot was installed once, somehow.
  expect((await ask('arm')).out).toContain('Install ordered for once, before');
  for (const name of names) expect((await ask('confirm', name)).status).toBe(0);
});

afterAll(() => lab.end());

function machineOf(name: Name): SimMachine {
  const machine = machines.get(name);
  if (!machine) throw new Error(`no machine ${name}`);
  return machine;
}

/** From the switch to the script. */
async function powerOn(name: Name): Promise<string> {
  const machine = machineOf(name);
  await machine.dhcp(FIRMWARE);
  await machine.dhcp(IPXE);
  return askScript(name);
}

function askScript(name: Name, more = ''): Promise<string> {
  return machineOf(name).get(`/boot/script?mac=${macOf(name)}&platform=efi&buildarch=x86_64${more}`);
}

/** Fetches the kernel that a script names, whole, as the loader does before it starts it. */
async function fetchKernel(name: Name, script: string): Promise<void> {
  const path = /^kernel .*?(\/assets\/sha256\/\S+)/m.exec(script)?.[1] ?? 'none';
  const machine = machineOf(name);
  expect(await machine.curl('--fail', '-o', '/dev/null', machine.url(path))).toMatchObject({ status: 0, err: '' });
}

/** Whether the script erases the disk; it installs in any case. */
function wipes(script: string): boolean {
  expect(script).toContain('INSTALLS on the disk');
  const line = script.split('\n').find((text) => text.startsWith('kernel ')) ?? '';
  expect(script.includes(SCREEN)).toBe(line.includes(WORDS));
  return line.includes(WORDS);
}

async function untilWiped(name: Name): Promise<string> {
  return vi.waitFor(async () => {
    const wiped = (await orderOf(name))?.wiped;
    expect(wiped).toBeDefined();
    return wiped ?? '';
  }, WITHIN);
}

async function killAndStart(): Promise<void> {
  await lab.site?.stop('SIGKILL');
  await lab.start();
}

async function orderWipe(name: Name): Promise<void> {
  expect((await ask('reinstall', name, '--wipe')).out).toContain('switch it off and on');
  expect(await orderOf(name)).toMatchObject({ state: 'open', wipe: true });
}

describe('reinstall --wipe', () => {
  it('is refused where the template does not say what erases the disk', async () => {
    const { status, err } = await ask('reinstall', 'plain', '--wipe');
    expect(status).not.toBe(0);
    expect(err).toContain('profile plain needs install: { wipe: { cmdline: { … } } }');
    expect((await orderOf('plain'))?.state).toBe('confirmed');
  });

  it('erases the disk in the first boot, not in the second, and not under the next order', async () => {
    await orderWipe('once');
    expect((await ask('node', 'once')).out).toContain('(erases the disk first)');
    const first = await powerOn('once');
    expect(wipes(first)).toBe(true);
    await fetchKernel('once', first);
    const wiped = await untilWiped('once');
    expect((await ask('node', 'once')).out).toContain(`(disk erased first, in boot ${wiped})`);
    expect((await ask('events', '--type', 'order-wiped')).out).toContain(`once: the disk is erased in boot ${wiped}`);
    expect([wipes(await powerOn('once')), wipes(await powerOn('once'))]).toEqual([false, false]);
    await ask('confirm', 'once');
    await ask('reinstall', 'once');
    expect(wipes(await powerOn('once'))).toBe(false);
  });

  it('erases it in the next boot where the kernel did not come whole', async () => {
    await orderWipe('retry');
    const script = await powerOn('retry');
    const kernel = /^kernel .*?(\/assets\/sha256\/\S+)/m.exec(script)?.[1] ?? '';
    await machineOf('retry').curl('-o', '/dev/null', '--range', '0-999', machineOf('retry').url(kernel));
    const again = await powerOn('retry');
    expect(wipes(again)).toBe(true);
    await fetchKernel('retry', again);
    await untilWiped('retry');
    // The loader says that what comes behind the kernel did not arrive: nothing was started.
    expect(wipes(await askScript('retry', '&step=initramfs0&errno=0x4c0a6092'))).toBe(true);
    expect(wipes(await powerOn('retry'))).toBe(false);
  });

  it('killed between script and kernel: once', async () => {
    await orderWipe('before');
    const script = await powerOn('before');
    expect(wipes(script)).toBe(true);
    await killAndStart();
    await fetchKernel('before', script);
    await untilWiped('before');
    expect(wipes(await powerOn('before'))).toBe(false);
    expect(await orderOf('before')).toMatchObject({ state: 'open', attempts: 0 });
  });

  it('killed at the last byte of the kernel: at worst twice', async () => {
    await orderWipe('after');
    const script = await powerOn('after');
    await fetchKernel('after', script);
    await killAndStart();
    const second = await powerOn('after');
    if (wipes(second)) await fetchKernel('after', second);
    await untilWiped('after');
    expect([wipes(await powerOn('after')), wipes(await powerOn('after'))]).toEqual([false, false]);
  });

  it('killed when the kernel is written down: once', async () => {
    await orderWipe('stored');
    await fetchKernel('stored', await powerOn('stored'));
    const wiped = await untilWiped('stored');
    await killAndStart();
    expect(wipes(await powerOn('stored'))).toBe(false);
    expect(await orderOf('stored')).toMatchObject({ state: 'open', wipe: true, wiped });
  });
});

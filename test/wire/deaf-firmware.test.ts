import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Argv } from '../../src/lab/command.ts';
import { hurried } from './support/clocks.ts';
import { SimMachine } from './support/machine.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const PROGRAM = new URL('support/picky-firmware.ts', import.meta.url).pathname;
/** Firmware repeats after 4 to 32 s: here ten times as fast, on both sides. */
const TIMES = 10;
const PATIENCE = { timeout: 12_000, interval: 100 };
const on = (argv: Argv): Argv => hurried(TIMES, argv);
const MACS = ['52:54:00:de:af:01', '52:54:00:de:af:02', '52:54:00:de:af:03'] as const;
const [PICKY, DEAF, BESIDE] = MACS;
const lab = new SiteLab('br-deaf', '10.67.0');

async function plugIn(name: string, mac: string): Promise<SimMachine> {
  const machine = await SimMachine.plugIn(lab, name, mac);
  // It has no address that could lead there.
  await machine.host.exec(['ip', 'route', 'add', '255.255.255.255/32', 'dev', 'eth0']);
  return machine;
}

/** What a machine is answered, form by form, until it takes `takes`. */
async function ask(machine: SimMachine, takes: string, seconds: number): Promise<string[]> {
  const [gapMs, mostMs] = [5_000 / TIMES, (seconds * 1_000) / TIMES];
  const said = await machine.host.exec([process.execPath, PROGRAM, machine.mac, takes, String(gapMs), String(mostMs)]);
  return said.trim().split('\n');
}

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots: MACS.map((mac, i) => ({ name: `till-${i + 1}`, mac, host: 11 + i })) });
  await lab.start({ on });
  await lab.untilAssetsAreHere();
});

afterAll(() => lab.end());

describe.concurrent('firmware that does not take the first form of an answer', () => {
  it('takes the second one, boots by it, and is answered so the next time', async () => {
    const machine = await plugIn('picky', PICKY);
    const heard = await ask(machine, 'no-menu', 60);
    expect(heard).toEqual(['file', 'no-menu', `ack ${lab.net}.11 snponly.efi`]);
    await machine.host.exec(['ip', 'address', 'add', `${lab.net}.11/24`, 'dev', 'eth0']);
    const local = join(lab.workDir, 'got-snponly.efi');
    await machine.host.exec(['atftp', '--get', '-r', 'snponly.efi', '-l', local, lab.address, '69']);
    expect(await machine.get(`/boot/script?mac=${PICKY}&platform=efi&buildarch=x86_64`)).toContain('/vmlinuz');
    const answer = expect.objectContaining({ stage: 'seen', answer: 'snponly.efi (no-menu)' });
    await vi.waitFor(async () => expect((await lab.node('till-1')).boots[0]?.stages).toContainEqual(answer), PATIENCE);
    expect((await ask(machine, 'no-menu', 60))[0]).toBe('no-menu');
  });

  it('or takes none: then its timeline says so, and what the router of the store must say', async () => {
    const machine = await plugIn('deaf', DEAF);
    const heard = await ask(machine, 'nothing', 50);
    expect(heard.slice(0, 4)).toEqual(['file', 'no-menu', 'ask-boot-server', 'file']);
    const told = {
      cause: expect.stringContaining('its firmware takes none of them'),
      nextStep: expect.stringContaining(`next-server (66) = ${lab.address}, boot file (67) = snponly.efi.`),
    };
    await vi.waitFor(async () => expect((await lab.node('till-2')).boots[0]?.stall).toMatchObject(told), PATIENCE);
  });
});

it('beside another server has time to wait for that one, and then the second form, too', async () => {
  await lab.site?.stop();
  const template = join(lab.workDir, 'template.yaml');
  const addsTheBoot = readFileSync(template, 'utf8').replace(/pool: .*os: 30m \} \}/, 'mode: proxy }');
  lab.write('template.yaml', addsTheBoot);
  await lab.start({ on });
  const machine = await plugIn('beside', BESIDE);
  expect(await ask(machine, 'no-menu', 60)).toEqual(['ask-boot-server', 'no-menu', 'took snponly.efi']);
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Argv } from '../../src/lab/command.ts';
import { in1970 } from './support/clocks.ts';
import { SimMachine } from './support/machine.ts';
import { readLeases } from './support/site-database.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:22:00:01';
const lab = new SiteLab('br-clock', '10.51.0');

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots: [{ name: 'till-1', mac: MAC, host: 11 }] });
});

afterAll(() => lab.end());

it('a clock in 1970 hinders no boot, and leases outlive that it is put right, and wrong again', async () => {
  await lab.start({ on: in1970 });
  await lab.untilAssetsAreHere();
  const machine = await SimMachine.plugIn(lab, 'clock', MAC);
  const other = await SimMachine.plugIn(lab, 'clock-other', '52:54:00:22:00:02');
  const { ip } = await other.dhcp();
  expect(new Date(readLeases(lab.dataDir)[0]?.startedAt ?? 0).getUTCFullYear()).toBe(1970);
  await expectToBoot(machine);

  for (const [index, on] of [asItIs, in1970].entries()) {
    await lab.site?.stop();
    await lab.start({ on });
    expect((await lab.node('till-1')).node).toMatchObject({ state: 'enrolled' });
    const stranger = await SimMachine.plugIn(lab, `clock-new${index}`, `52:54:00:22:00:1${index}`);
    expect((await stranger.dhcp())['ip']).not.toBe(ip);
    expect((await other.dhcp())['ip']).toBe(ip);
    await expectToBoot(machine);
  }
});

async function expectToBoot(machine: SimMachine): Promise<void> {
  expect((await machine.dhcp())['ip']).toBe('10.51.0.11');
  expect(await machine.get(`/boot/script?mac=${MAC}`)).toContain('/vmlinuz');
  expect(await machine.phoneHome(await machine.phoneHomeUrl())).toBe(200);
  expect((await lab.node('till-1')).node).toMatchObject({ state: 'enrolled' });
}

function asItIs(argv: Argv): Argv {
  return argv;
}

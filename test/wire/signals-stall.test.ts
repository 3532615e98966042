import { afterAll, beforeAll, expect, it } from 'vitest';
import { hurried } from './support/clocks.ts';
import { SimMachine } from './support/machine.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:1e:00:01';
const lab = new SiteLab('br-stall', '10.62.0');

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots: [{ name: 'till-1', mac: MAC, host: 11 }] });
  // Thirty seconds of silence are three for who waits here.
  await lab.start({ on: (argv) => hurried(10, argv) });
  lab.listen();
  await lab.untilAssetsAreHere();
});

afterAll(() => lab.end());

it('a machine that fetched its loader and did not start it is told of, until it goes on', async () => {
  const machine = await SimMachine.plugIn(lab, 'stall', MAC);
  await machine.dhcp({ vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007'] });
  await machine.host.exec(['atftp', '--get', '-r', 'snponly.efi', '-l', '/dev/null', lab.address, '69']);

  const told = await lab.untilEvent('boot-stalled', ({ slot }) => slot === 'till-1', 50_000);
  expect(told).toMatchObject({ boot: 'b1', data: { stage: 'loader', row: 'loader-uefi-shim' } });
  expect(told.sentence).toContain('Secure Boot');
  const { node, boots } = await lab.node('till-1');
  expect(boots[0]?.stall).toMatchObject({ stage: 'loader', cause: told.data?.['cause'] });
  expect(node).toMatchObject({ state: 'stalled', sentence: expect.stringMatching(/^stalled: .*Secure Boot/) });
  expect((await lab.status()).slots.stalled).toBe(1);
  expect(await lab.metrics()).toContain('slipway_boots_stalled 1\n');

  await machine.get(`/boot/script?mac=${MAC}`);
  await lab.untilEvent('boot-stage', ({ data }) => data?.['stage'] === 'script');
  expect((await lab.node('till-1')).boots[0]).not.toHaveProperty('stall');
});

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SimMachine } from './support/machine.ts';
import { readLeases } from './support/site-database.ts';
import { SiteLab } from './support/site-lab.ts';
import { fillDisk, mountTmpfs } from './support/small-disk.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:21:00:01';
const LATE_MAC = '52:54:00:21:00:02';
const lab = new SiteLab('br-full', '10.50.0');
let unmount: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots: [{ name: 'till-1', mac: MAC, host: 11 }] });
  unmount = await mountTmpfs(lab.dataDir, '320m');
});

afterAll(async () => {
  await lab.end();
  await unmount?.();
});

it('a disk that fills up costs new promises and nothing else; with space again, all goes on', async () => {
  await lab.start();
  const old = await SimMachine.plugIn(lab, 'full-old', MAC);
  expect((await old.dhcp())['ip']).toBe('10.50.0.11');
  await lab.untilAssetsAreHere();
  const filler = fillDisk(lab.dataDir);
  const late = await SimMachine.plugIn(lab, 'full-late', LATE_MAC);
  const answer = await late.dhcp({ tries: 3 }).catch(() => 'none');
  expect(answer).toBe('none');
  expect(lab.log().find(({ code }) => code === 'disk-full')).toMatchObject({ mac: LATE_MAC });

  // What needs no disk goes on.
  expect(await lab.status()).toMatchObject({ ready: true });
  const script = await old.get(`/boot/script?mac=${MAC}`);
  const kernel = /\/assets\/\S+\/vmlinuz/.exec(script)?.[0] ?? '';
  expect((await old.curl('-o', '/dev/null', '-w', '%{http_code}', old.url(kernel))).out).toBe('200');

  rmSync(filler);
  expect((await late.dhcp())['ip']).toMatch(/^10\.50\.0\.1\d\d$/);
  await lab.site?.stop('SIGKILL');
  await lab.start();
  const holders = readLeases(lab.dataDir).map(({ mac }) => mac);
  expect(holders.sort()).toEqual([MAC, LATE_MAC]);
});

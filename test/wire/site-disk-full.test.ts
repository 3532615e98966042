import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeRegistry } from '../../src/lab/upstream/fake-registry.ts';
import { makeImage } from '../../src/lab/upstream/made-image.ts';
import { SimMachine } from './support/machine.ts';
import { readLeases } from './support/site-database.ts';
import { SiteLab } from './support/site-lab.ts';
import { fillDisk, mountTmpfs } from './support/small-disk.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:21:00:01';
const LATE_MAC = '52:54:00:21:00:02';
const SPARED_MAC = '52:54:00:21:00:03';
const lab = new SiteLab('br-full', '10.50.0');
const image = makeImage({ seed: 'full', platforms: ['linux/amd64'], layers: [300_000, 9_000_000] });
let upstream: FakeRegistry;
let unmount: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  await lab.open();
  upstream = await FakeRegistry.open();
  upstream.shelf.put('pos/app', '1.4', image);
  const more = `  images:
    upstreams: { registry.test: { url: "${upstream.origin}", repositories: ["pos/*"], access: anyone } }`;
  writeTemplate(lab, { slots: [{ name: 'till-1', mac: MAC, host: 11 }], more });
  unmount = await mountTmpfs(lab.dataDir, '320m');
});

afterAll(async () => {
  await lab.end();
  await upstream.close();
  await unmount?.();
});

it('a disk that fills up costs new promises and nothing else; with space again, all goes on', async () => {
  await lab.start();
  const old = await SimMachine.plugIn(lab, 'full-old', MAC);
  expect((await old.dhcp())['ip']).toBe('10.50.0.11');
  await lab.untilAssetsAreHere();
  await expect.poll(() => existsSync(join(lab.dataDir, 'spare'))).toBe(true);
  const filler = fillDisk(lab.dataDir);
  // The spare file makes room for what is promised first.
  const spared = await SimMachine.plugIn(lab, 'full-spared', SPARED_MAC);
  expect((await spared.dhcp())['ip']).toMatch(/^10\.50\.0\.1\d\d$/);
  expect(existsSync(join(lab.dataDir, 'spare'))).toBe(false);
  fillDisk(lab.dataDir);
  const late = await SimMachine.plugIn(lab, 'full-late', LATE_MAC);
  const answer = await late.dhcp({ tries: 3 }).catch(() => 'none');
  expect(answer).toBe('none');
  expect(lab.log().find(({ code }) => code === 'disk-full')).toMatchObject({ mac: LATE_MAC });

  // What needs no disk goes on.
  expect(await lab.status()).toMatchObject({ ready: true });
  const script = await old.get(`/boot/script?mac=${MAC}`);
  const kernel = /\/assets\/\S+\/vmlinuz/.exec(script)?.[0] ?? '';
  expect((await old.curl('-o', '/dev/null', '-w', '%{http_code}', old.url(kernel))).out).toBe('200');

  // An image comes through the memory of the site, whole and by one download of each layer.
  const node = await lab.host('full-node', { address: `${lab.net}.50/24` });
  const source = `docker://${lab.address}:5000/registry.test/pos/app:1.4`;
  const layout = join(lab.workDir, 'pulled');
  await node.exec(['skopeo', 'copy', '--preserve-digests', '--src-tls-verify=false', source, `oci:${layout}`]);
  for (const { digest, sizeBytes } of image.blobs) {
    const hex = digest.slice('sha256:'.length);
    expect(statSync(join(layout, 'blobs/sha256', hex)).size).toBe(sizeBytes);
    expect(upstream.ledger.count({ what: 'blob', method: 'GET', in: hex })).toMatchObject({ requests: 1 });
  }

  rmSync(filler);
  expect((await late.dhcp())['ip']).toMatch(/^10\.50\.0\.1\d\d$/);
  await lab.site?.stop('SIGKILL');
  await lab.start();
  const holders = readLeases(lab.dataDir).map(({ mac }) => mac);
  expect(holders.sort()).toEqual([MAC, LATE_MAC, SPARED_MAC]);
});

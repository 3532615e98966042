import { expect, it } from 'vitest';
import { KERNEL, SITE } from '../../test/support/sample-site.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { OpenAsset } from '../model/content.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import { createBootFiles } from './boot-files.ts';
import type { BootFile } from './tftp/ports.ts';

const cameras: SiteAddress = { network: 'cameras', address: '10.1.0.1' as Ipv4, httpPort: 80 };
const asset: OpenAsset = { sizeBytes: 3, read: async () => 0, close: async () => undefined };
const files = createBootFiles({
  loaders: { find: (name) => (name === 'undionly.kpxe' ? { name, digest: KERNEL, sizeBytes: 3 } : undefined) },
  content: { open: async (digest) => (digest === KERNEL ? asset : undefined) },
  siteFor: (remote) => (remote.startsWith('10.1.') ? cameras : SITE),
  script: (site) => `chain ${site.address}`,
  raspberryPi: () => PI,
});
const PI = { 'start4.elf': { digest: KERNEL, name: 'start4.elf' }, 'overlays/x.dtbo': { digest: KERNEL, name: 'x' } };
const ask = (name: string, address = '10.0.0.7') => files.find(name, { address: address as Ipv4, port: 2070 });

async function textOf(file: BootFile | undefined): Promise<string> {
  const bytes = new Uint8Array(file?.sizeBytes ?? 0);
  await file?.read(bytes.subarray(0, 4), 0);
  await file?.read(bytes.subarray(4), 4);
  return new TextDecoder().decode(bytes);
}

it.each(['boot.ipxe', 'autoexec.ipxe'])('%s names the site as the client sees it', async (name) => {
  expect(await textOf(await ask(name))).toBe('chain 10.0.0.1');
  expect(await textOf(await ask(name, '10.1.0.7'))).toBe('chain 10.1.0.1');
});

it('a loader is the asset of its name, and nothing else is served', async () => {
  expect(await ask('undionly.kpxe')).toBe(asset);
  expect(await ask('snponly.efi')).toBeUndefined();
  expect(await ask('../etc/passwd')).toBeUndefined();
});

it.each([
  ['its serial folder', 'e8271e00/start4.elf', true],
  ['its serial folder, a folder within', 'e8271e00/overlays/x.dtbo', true],
  ['the folder of its MAC', 'd8-3a-dd-e8-27-1e/start4.elf', true],
  ['no folder', 'start4.elf', true],
  ['a folder that is none of its own', 'other/start4.elf', false],
  ['a file that the template does not bring', 'e8271e00/start.elf', false],
  ['a word of JavaScript', 'constructor', false],
])('a Raspberry Pi asks in %s', async (_name, file, isThere) => {
  expect((await ask(file)) === asset).toBe(isThere);
});

import { expect, it } from 'vitest';
import { KERNEL, SampleClock, SITE } from '../../test/support/sample-site.ts';
import type { Digest } from '../kernel/digest.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { OpenAsset } from '../model/content.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import { assetSent, createBootFiles } from './boot-files.ts';
import type { BootFile } from './tftp/ports.ts';

const cameras: SiteAddress = { network: 'cameras', address: '10.1.0.1' as Ipv4, httpPort: 80 };
const heard: string[] = [];
const asset: OpenAsset = { sizeBytes: 3, read: async (into) => into.length, close: async () => undefined };
const LARGE = 'b'.repeat(64) as Digest;
const large: OpenAsset = { ...asset, sizeBytes: 5_000_000 };
const LAYER = 'c'.repeat(64) as Digest;
const clock = new SampleClock();
const files = createBootFiles({
  loaders: { find: (name) => (name === 'undionly.kpxe' ? { name, digest: KERNEL, sizeBytes: 3 } : undefined) },
  content: { open: async (digest) => ({ [KERNEL]: asset, [LARGE]: large, [LAYER]: asset })[digest] },
  desk: {
    peerOf: (remote) => ({
      address: remote as Ipv4,
      site: remote.startsWith('10.1.') ? cameras : SITE,
      lease: undefined,
    }),
    entry: ({ site }, loader) => `${loader} ${site?.address}`,
    answer: async ({ peer, values, loader }) => ({
      text: `${loader}: ${values('mac')} with ${values('serial')} at ${peer.address}`,
      delivered: () => heard.push('delivered'),
    }),
  },
  clock,
  isHeldBack: (digest) => digest === LAYER,
  raspberryPi: () => PI,
  onProgress: ({ name, bytesSent }) => heard.push(`${name} ${bytesSent}`),
});
const PI = { 'start4.elf': { digest: KERNEL, name: 'start4.elf' }, 'overlays/x.dtbo': { digest: KERNEL, name: 'x' } };
const ask = (name: string, address = '10.0.0.7') =>
  files.find(name.toLowerCase(), { address: address as Ipv4, port: 2070 }, name);

async function textOf(file: BootFile | undefined): Promise<string> {
  const bytes = new Uint8Array(file?.sizeBytes ?? 0);
  await file?.read(bytes.subarray(0, 4), 0);
  await file?.read(bytes.subarray(4), 4);
  return new TextDecoder().decode(bytes);
}

it.each(['boot.ipxe', 'autoexec.ipxe'])('%s names the site as the client sees it', async (name) => {
  expect(await textOf(await ask(name))).toBe('ipxe 10.0.0.1');
  expect(await textOf(await ask(name, '10.1.0.7'))).toBe('ipxe 10.1.0.1');
});

it('a loader is the asset of its name, and nothing else is served', async () => {
  expect((await ask('undionly.kpxe'))?.sizeBytes).toBe(asset.sizeBytes);
  expect(await ask('snponly.efi')).toBeUndefined();
  expect(await ask('../etc/passwd')).toBeUndefined();
});

it('a layer of an image is not given to whoever knows its digest', async () => {
  expect(await ask(`assets/sha256/${KERNEL}/x`)).toBeDefined();
  expect(await ask(`assets/sha256/${LAYER}/x`)).toBeUndefined();
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
  expect((await ask(file))?.sizeBytes).toBe(isThere ? asset.sizeBytes : undefined);
});

it('GRUB gets its first script by the name that is built into it, and its answers by names that it makes up', async () => {
  expect(await textOf(await ask('grub/grub.cfg'))).toBe('grub 10.0.0.1');
  const answer = await ask('grub/ask/mac=52:54:00:00:00:01&serial=CZC//1 x&mac=other');
  expect(await textOf(answer)).toBe('grub: 52:54:00:00:00:01 with CZC//1 x at 10.0.0.7');
  expect(heard).toEqual([]);
  answer?.delivered?.();
  expect(heard.splice(0)).toEqual(['delivered']);
  for (const name of ['grub/x86_64-efi/command.lst', 'grub/ask', 'revocations_sbat.efi'])
    expect(await ask(name)).toBeUndefined();
});

it('a kernel is what its digest says, under any name', async () => {
  const name = `assets/sha256/${KERNEL}/vmlinuz`;
  const file = await ask(name);
  expect(file?.sizeBytes).toBe(3);
  expect(await ask(`assets/sha256/${'0'.repeat(64)}/vmlinuz`)).toBeUndefined();
  expect(await ask(`assets/sha256/${KERNEL}`)).toBeUndefined();
  const endpoint = { address: '10.0.0.7' as Ipv4, port: 2070 };
  const report = { endpoint, name, bytes: 3, sizeBytes: 3, outcome: 'done', because: '', ms: 1 } as const;
  const sent = { remote: '10.0.0.7', digest: KERNEL, name: 'vmlinuz', bytesSent: 3, sizeBytes: 3 };
  expect(assetSent(report)).toEqual({ ...sent, done: true });
  expect(assetSent({ ...report, bytes: 1, outcome: 'timeout' })).toEqual({ ...sent, bytesSent: 1, done: false });
  expect(assetSent({ ...report, bytes: 0, outcome: 'error' })).toBeUndefined();
  expect(assetSent({ ...report, name: 'undionly.kpxe' })).toBeUndefined();
});

it('of a file of some size is told how far it is; a small one is in memory, once for all who fetch it', async () => {
  const small = [await ask(`assets/sha256/${KERNEL}/vmlinuz`), await ask(`assets/sha256/${KERNEL}/vmlinuz`)];
  expect(small[0]?.bytes).toHaveLength(3);
  expect(small[1]?.bytes).toBe(small[0]?.bytes);
  const file = await ask(`assets/sha256/${LARGE}/initrd.img`);
  expect(file?.bytes).toBeUndefined();
  await file?.read(new Uint8Array(100), 0);
  clock.pass(1_000);
  await file?.read(new Uint8Array(100), 100);
  expect(heard.splice(0)).toEqual(['initrd.img 200']);
});

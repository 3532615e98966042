import { describe, expect, it } from 'vitest';
import {
  INITRD,
  KERNEL,
  SITE,
  sampleProfile,
  sampleRandom,
  sampleRevision,
  sampleSlot,
} from '../../test/support/sample-site.ts';
import type { Digest } from '../kernel/digest.ts';
import type { OpenAsset } from '../model/content.ts';
import type { Profile, Revision } from '../model/revision.ts';
import type { LoaderTable } from '../model/site-ports.ts';
import { advertised } from './advertised.ts';
import { alike } from './alike-slots.ts';
import { parseLoaderManifest } from './content/loader-manifest.ts';
import { CLIENT_KINDS, type ClientKind } from './dhcp/policy/client-kinds.ts';
import { findUnanswerable, findUnserved, type ServeWorld } from './find-unserved.ts';
import { readLoaderManifest } from './loader-manifest-file.ts';

const LOADER = 'd'.repeat(64) as Digest;
const manifest = new Set(parseLoaderManifest(await readLoaderManifest()).map(({ asset }) => asset.name));
const loaders: LoaderTable = {
  find: (name) => (manifest.has(name) ? { name, digest: LOADER, sizeBytes: 3 } : undefined),
};
const file: OpenAsset = {
  sizeBytes: 3,
  read: async (into, position) => {
    const part = Uint8Array.of(1, 2, 3).subarray(position, position + into.length);
    into.set(part);
    return part.length;
  },
  close: async () => undefined,
};

function world(changes: Partial<ServeWorld> = {}, without: readonly Digest[] = []): ServeWorld {
  const isHere = (digest: Digest): boolean => !without.includes(digest);
  return {
    ...{ siteName: 'store-0417', addresses: [SITE], loaders, random: sampleRandom },
    content: {
      open: async (digest) => (isHere(digest) ? file : undefined),
      stateOf: (digest) => (isHere(digest) ? { kind: 'complete', sizeBytes: 3 } : { kind: 'absent' }),
    },
    ...changes,
  };
}

const OTHER = 'f'.repeat(64) as Digest;
const without = (gone: string): LoaderTable => ({ find: (name) => (name === gone ? undefined : loaders.find(name)) });
/** It says that it has it, and cannot open it. */
const lost = (gone: Digest): ServeWorld['content'] => ({
  ...world().content,
  open: async (digest) => (digest === gone ? undefined : file),
});

const withProfile = (changes: Partial<Profile>): Revision =>
  sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile(changes) }) } });
const install = {
  kind: 'install',
  install: { completes: 'phone-home', attempts: 3, withinSeconds: 60, wipe: [{ key: 'wipe', value: true }] },
} as const;
const secret = { kind: 'text', text: '#cloud-config\npassword: @{secret.door}\n', fill: true, secret: true } as const;

describe('what is advertised', () => {
  it('is of every kind that boots, and all of it is in the manifest of loaders', () => {
    expect(unlisted(CLIENT_KINDS)).toEqual([]);
    const typo: ClientKind = { ...firstOf('bios'), ways: () => [{ shape: 'no-menu', loader: 'undionly.efi' }] };
    expect(unlisted([typo])).toEqual(['bios: undionly.efi']);
    expect(advertised(sampleRevision(), [SITE], loaders, [typo]).every(({ what }) => what === 'script')).toBe(true);
    const rows = advertised(sampleRevision(), [SITE], loaders);
    expect(rows.map(({ by, name }) => `${by} ${name}`)).toEqual(
      expect.arrayContaining([
        'tftp undionly.kpxe',
        'tftp snponly.efi',
        'http /boot/loader/snponly.efi',
        'tftp boot.ipxe',
        'http /boot.ipxe',
        'tftp autoexec.ipxe',
        'http /autoexec.ipxe',
      ]),
    );
  });

  it('is with shim also what shim fetches, and without that no shim', () => {
    const kind: ClientKind = { ...firstOf('uefi-x64'), ways: () => [{ shape: 'file', loader: 'shimx64.efi' }] };
    const names = (table: LoaderTable) => advertised(sampleRevision(), [SITE], table, [kind]).map(({ name }) => name);
    expect(names(loaders)).toEqual(expect.arrayContaining(['shimx64.efi', 'grubx64.efi']));
    expect(names({ find: (name) => (name === 'grubx64.efi' ? undefined : loaders.find(name)) })).not.toContain(
      'shimx64.efi',
    );
  });
});

describe('what is served', () => {
  it.each<[string, Revision]>([
    ['a live profile', sampleRevision()],
    ['an install that erases', withProfile(install)],
    ['arm64', withProfile({ arch: 'arm64' })],
    ['a live profile with a secret document', withProfile({ documents: { 'user-data': secret } })],
    ['an install with a secret document', withProfile({ ...install, documents: { 'user-data': secret } })],
    [
      'a template that leaves such MACs alone',
      sampleRevision({ unknownMachines: { ...sampleRevision().unknownMachines, ignore: ['*'] } }),
    ],
    ['another HTTP port', sampleRevision()],
  ])('is all that %s can name', async (name, revision) => {
    const site = name === 'another HTTP port' ? { ...SITE, httpPort: 8080 } : SITE;
    expect(await findUnserved(revision, world({ addresses: [site] }))).toEqual([]);
  });

  it('asks for every document of a script', async () => {
    const talos = { kind: 'text', text: 'version: v1alpha1\n', fill: true, secret: false } as const;
    const cmdline = [{ key: 'talos.config', value: '@{boot.url.talos}' }];
    expect(await findUnserved(withProfile({ cmdline, documents: { talos } }), world())).toEqual([]);
    expect(await findUnserved(withProfile({ cmdline, documents: {} }), world())).toEqual([
      expect.stringMatching(/^pos-1: talos: the answer is \d+/),
    ]);
  });

  it.each<[string, Revision, RegExp]>([
    [
      'a command line with a place that nobody fills',
      withProfile({ cmdline: [{ key: 'x', value: '@{boot.nothing}' }] }),
      /^pos-1: its script starts nothing: .*boot\.nothing/,
    ],
    [
      'a document with one',
      withProfile({
        documents: { 'user-data': { kind: 'text', text: 'a: @{boot.nothing}', fill: true, secret: false } },
      }),
      /^pos-1: user-data: the answer is 5\d\d/,
    ],
  ])('is not %s', async (_name, revision, because) => {
    const faults = await findUnserved(revision, world());
    expect(faults).toEqual([expect.stringMatching(because)]);
  });

  it('is no loader that the store has lost', async () => {
    const faults = await findUnserved(sampleRevision(), world({}, [LOADER]));
    expect(faults).toContain('bios in nodes: the loader undionly.kpxe by TFTP: there is no such file');
    expect(faults.some((fault) => /loader\/snponly\.efi by HTTP: the answer to HEAD is/.test(fault))).toBe(true);
  });

  it.each<[string, Revision, Partial<ServeWorld>, readonly Digest[], string]>([
    [
      'a kernel that the store has lost, by the name that GRUB has for it',
      withProfile({ arch: 'arm64' }),
      { content: lost(KERNEL) },
      [],
      'pos-1: vmlinuz by TFTP: there is no such file',
    ],
    [
      'a kernel for arm64 without GRUB',
      withProfile({ arch: 'arm64' }),
      { loaders: without('grubaa64.efi') },
      [],
      'uefi-arm64 in nodes: none of its loaders is here (grubaa64.efi, shimaa64.efi)',
    ],
    [
      'Secure Boot with half of its loaders',
      sampleRevision(),
      { loaders: without('grubx64.efi') },
      [],
      'uefi-x64 in nodes: shimx64.efi is here, and grubx64.efi, which it fetches, is not',
    ],
    [
      'a class of hardware that is meant to boot by a loader that is not here',
      sampleRevision({
        hardware: [{ name: 'old', match: { product: 'X' }, arch: 'amd64', loader: 'grub', localBoot: 'exit' }],
      }),
      { loaders: without('grubx64.efi') },
      [],
      'uefi-x64 in nodes, hardware old: none of its loaders is here (grubx64.efi)',
    ],
    [
      'a file of a Raspberry Pi that the store has lost',
      sampleRevision({ raspberryPi: { 'start4.elf': { digest: OTHER, name: 'start4.elf' } } }),
      {},
      [OTHER],
      'raspberry-pi in nodes: the loader e8271e00/start4.elf by TFTP: there is no such file',
    ],
  ])('is not %s', async (_name, revision, changes, lacking, fault) => {
    expect(await findUnserved(revision, world())).toEqual([]);
    expect(await findUnserved(revision, world(changes, lacking))).toContain(fault);
  });

  it('is no kernel whose name TFTP takes for a folder', async () => {
    const revision = withProfile({ arch: 'arm64', kernel: { digest: KERNEL, name: 'boot/vmlinuz' } });
    expect(await findUnserved(revision, world())).toContain('pos-1: vmlinuz by TFTP: there is no such file');
  });

  it('is no script that is more than a loader takes, nor a command line that GRUB makes too long', async () => {
    const long = (length: number) => withProfile({ cmdline: [{ key: 'x', value: 'y'.repeat(length) }] });
    expect(await findUnserved(long(3_900), world())).toEqual([]);
    expect(await findUnserved(long(4_050), world())).toEqual([
      expect.stringMatching(/^pos-1: its command line has 41\d\d bytes with what GRUB adds, at most 4096 are read/),
    ]);
    expect(await findUnserved(long(70_000), world())).toEqual([
      expect.stringMatching(/^pos-1: its script: it has 7\d{4} bytes, and a loader is given at most 65536$/),
    ]);
  });

  it('says once what is wrong with many slots alike, and lets others have their turns meanwhile', async () => {
    const cmdline = [{ key: 'x', value: '@{boot.nothing}' }];
    const digests = ['1', '2'].map((letter) => letter.repeat(64) as Digest);
    const slots = Array.from({ length: 500 }, (_, i) => {
      const profile = sampleProfile({ digest: digests[i % 2] ?? LOADER, ...(i % 2 === 0 ? {} : { cmdline }) });
      return sampleSlot({ name: `pos-${i}`, profile, interfaces: { lan0: { boot: true, network: 'nodes' } } });
    });
    expect(alike(slots).map((group) => group.length)).toEqual([250, 250]);
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const revision = sampleRevision({ slots: Object.fromEntries(slots.map((slot) => [slot.name, slot])) });
    const faults = await findUnserved(revision, world());
    isOver = true;
    expect(faults).toEqual([expect.stringMatching(/^pos-1 and 249 more like it: its script starts nothing/)]);
    expect(turns).toBeGreaterThan(2);
  });

  it('is no profile whose files are on their way: it waits, and counts as answered before they come', async () => {
    expect(await findUnserved(sampleRevision(), world({}, [KERNEL, INITRD]))).toEqual([]);
    const revision = sampleRevision({
      assets: [
        { name: 'k', digest: KERNEL, sources: [] },
        { name: 'i', digest: INITRD, sources: [] },
      ],
    });
    expect(await findUnanswerable(revision, world({}, [KERNEL, INITRD]))).toEqual([]);
    const broken = { ...withProfile({ cmdline: [{ key: 'x', value: '@{boot.nothing}' }] }), assets: revision.assets };
    expect(await findUnanswerable(broken, world({}, [KERNEL, INITRD]))).toHaveLength(1);
  });
});

function firstOf(name: string): ClientKind {
  const kind = CLIENT_KINDS.find((one) => one.name === name);
  if (!kind) throw new Error(`no kind ${name}`);
  return kind;
}

/** Loaders of the table of kinds that the manifest lacks. */
function unlisted(kinds: readonly ClientKind[]): readonly string[] {
  const named = kinds.flatMap(({ name, ways }) =>
    [...ways('authoritative'), ...ways('proxy')].flatMap(({ loader }) => (loader ? [{ name, loader }] : [])),
  );
  const lacking = named.filter(({ loader }) => !manifest.has(loader)).map(({ name, loader }) => `${name}: ${loader}`);
  return [...new Set(lacking)];
}

import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from './cache.ts';
import type { Report } from './command.ts';
import { candidateVersion, unpackPackage, withFreshIndex } from './debian-archive.ts';

/** What firmware with Secure Boot starts from the disk of an installed Debian. */
export type SignedLoaders = {
  /** Signed by Microsoft. */
  readonly shim: string;
  /** Signed by Debian, for the disk: it reads `/EFI/debian/grub.cfg` of the partition from which it was started. */
  readonly grub: string;
};

const PACKAGES = {
  amd64: {
    shim: { name: 'shim-signed', path: 'usr/lib/shim/shimx64.efi.signed' },
    grub: { name: 'grub-efi-amd64-signed', path: 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed' },
  },
  arm64: {
    shim: { name: 'shim-signed', path: 'usr/lib/shim/shimaa64.efi.signed' },
    grub: { name: 'grub-efi-arm64-signed', path: 'usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed' },
  },
} as const;

/** Fetches the signed loaders of PCs into the cache without installing them; apt checks them against the signed index. */
export async function fetchSignedLoaders(cacheDir: string, report: Report): Promise<SignedLoaders> {
  return withFreshIndex(() => fetchKnownToApt(cacheDir, report), report);
}

async function fetchKnownToApt(cacheDir: string, report: Report): Promise<SignedLoaders> {
  const versions = await Promise.all(Object.values(PACKAGES.amd64).map(({ name }) => candidateVersion(name)));
  const dir = await cachedFolder(cacheDir, `signed-loaders-${versions.join('_')}`, async (unfinished) => {
    report('fetching what Debian starts from a disk with Secure Boot');
    await unpackSignedLoaders('amd64', unfinished);
  });
  return signedLoadersIn(dir);
}

/** Leaves the signed loaders of an architecture in `dir`; `config`: arguments that lead apt there. */
export async function unpackSignedLoaders(
  arch: keyof typeof PACKAGES,
  dir: string,
  config: readonly string[] = [],
): Promise<void> {
  for (const [as, { name, path }] of Object.entries(PACKAGES[arch])) {
    const tree = await unpackPackage(`${name}=${await candidateVersion(name, config)}`, dir, config);
    await rename(join(tree, path), join(dir, `${as}.efi`));
    await rm(tree, { recursive: true });
  }
}

export function signedLoadersIn(dir: string): SignedLoaders {
  return { shim: join(dir, 'shim.efi'), grub: join(dir, 'grub.efi') };
}

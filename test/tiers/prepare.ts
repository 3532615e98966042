import { AppError } from '../../src/kernel/errors.ts';
import { labCacheDir, labLoaderDir } from '../../src/lab/cache.ts';
import { ensureDebianPackages, type PackageSet, packagesFor } from '../../src/lab/debian.ts';
import {
  prepareArm64System,
  prepareDebianSystem,
  prepareDemoSystem,
  prepareInstaller,
} from '../../src/lab/demo-site.ts';
import { DHCP_SERVERS } from '../../src/lab/dhcp-servers.ts';
import { CLOUD_INITS, CONTAINERDS, fetchUnpacked, IGNITION, PODMAN, PODMAN_PARTS } from '../../src/lab/unpacked.ts';
import { fetchLoaderFiles } from './loader-files.ts';

export type Prepared = { readonly ok: true } | { readonly ok: false; readonly mayskip: boolean; readonly line: string };

const sets = {
  none: [],
  wire: ['boot', 'wire'],
  lab: ['boot', 'wire', 'cloud', 'install', 'arm64'],
} as const satisfies Record<string, readonly PackageSet[]>;

/**
 * Installs what a tier needs. Where this process may not, a person's machine skips the tier and says so loudly, with the
 * command to type; CI fails, because there nothing may be left out.
 */
export async function prepareMachine(need: keyof typeof sets): Promise<Prepared> {
  const names = packagesFor(...sets[need]);
  if (names.length === 0) return { ok: true };
  try {
    await ensureDebianPackages(names, say);
    await fetchLoaderFiles(labLoaderDir(), say);
    // Their parts come from Debian's servers, which nothing inside a test's own network can reach.
    const today = new Date().toISOString().slice(0, 10);
    const clients = [...CONTAINERDS, PODMAN, ...PODMAN_PARTS];
    const unpacked = need === 'wire' ? [...CLOUD_INITS, IGNITION] : clients;
    for (const wanted of [...unpacked, ...Object.values(DHCP_SERVERS)])
      await fetchUnpacked(labCacheDir(), wanted, today, say);
    if (need === 'lab') {
      await prepareDemoSystem(labCacheDir(), say);
      await prepareArm64System(labCacheDir(), say);
      await prepareInstaller(labCacheDir(), say);
      await prepareDebianSystem(labCacheDir(), say);
    }
    return { ok: true };
  } catch (error) {
    const reason = AppError.from(error).message;
    const inCi = process.env['CI'] !== undefined && process.env['CI'] !== '';
    return {
      ok: false,
      mayskip: !inCi,
      line: inCi ? `FAILED, ${reason}` : `!!! SKIPPED, NOTHING OF IT WAS TESTED !!! ${reason}`,
    };
  }
}

function say(line: string): void {
  process.stdout.write(`   ${line}\n`);
}

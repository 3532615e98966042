import { createHash } from 'node:crypto';
import { cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cachedFolder } from './cache.ts';
import { type Argv, type Report, run, tied } from './command.ts';
import { GUEST_MODULES, modulePaths, modulesDir } from './initramfs.ts';
import type { KernelImage } from './kernel-image.ts';

/** Enough for a machine that holds this root in RAM, packed and unpacked at once while it starts. */
export const DEBIAN_ROOT_MEMORY_MB = 1_024;

const INCLUDE = [
  'cloud-init',
  'systemd-sysv',
  'udev',
  'kmod',
  'iproute2',
  'isc-dhcp-client',
  'ifupdown',
  'netbase',
  'dbus',
];

/** What only people read, or only a longer life than one boot needs; under emulation every megabyte costs time. */
const EXCLUDED_PATHS = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/i18n/*',
  '/usr/share/lintian/*',
  '/usr/share/bash-completion/*',
  '/usr/share/zoneinfo/*',
  '/usr/lib/udev/hwdb.d/*',
];

/** Not part of the archive: what the kernel and systemd mount or make, and what only the build needed. */
const LEFT_OUT = [
  // The essential scripts get by with perl-base; usrmerge, of the build alone, needs the rest.
  './usr/share/perl/*',
  './usr/lib/x86_64-linux-gnu/perl/*',
  './usr/lib/x86_64-linux-gnu/libperl.so.*',
  './usr/lib/x86_64-linux-gnu/gconv/*',
  './proc/*',
  './sys/*',
  './dev/*',
  './run/*',
  './tmp/*',
  './var/cache/*',
  './var/lib/apt/lists/*',
  './var/log/*',
  './usr/lib/udev/hwdb.bin',
  './etc/udev/hwdb.bin',
  './root.cpio.zst',
];

/** Units that do nothing for a machine that lives for one boot. */
const MASKED_UNITS = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'systemd-binfmt.service',
  'systemd-hwdb-update.service',
  'systemd-journal-flush.service',
  'systemd-pstore.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'getty@tty1.service',
];

const SET_UP = [
  'set -e',
  'ln -sf /sbin/init "$1/init"',
  ...MASKED_UNITS.map((unit) => `ln -sf /dev/null "$1/etc/systemd/system/${unit}"`),
  // The machine gets its name, number and card settings from the seed; nothing of the build may stay.
  'rm -f "$1/etc/hostname" "$1/etc/network/interfaces.d/"*',
  ': > "$1/etc/machine-id"',
].join('\n');

const PACK = [
  'set -e',
  'cd "$1"',
  `find . -mindepth 1 ${LEFT_OUT.flatMap((path, index) => [index === 0 ? '\\(' : '-o', '-path', `'${path}'`]).join(' ')} \\) -prune -o -print0 |`,
  '  LC_ALL=C sort -z | cpio --null --create --format=newc --quiet | zstd -q -T0 -12 > root.cpio.zst',
].join('\n');

/**
 * Builds a Debian 12 root with the real cloud-init, to be booted as an initramfs, with this kernel's virtio drivers.
 * Takes about a minute and the network, once; afterwards it comes from the cache.
 * @returns the path of the finished file
 */
export async function buildDebianRoot(kernel: KernelImage, cacheDir: string, report: Report): Promise<string> {
  const recipe = [INCLUDE, EXCLUDED_PATHS, SET_UP, PACK, GUEST_MODULES, kernel.release, kernel.version];
  const digest = createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
  const dir = await cachedFolder(cacheDir, `debian-root-${digest.slice(0, 16)}`, async (unfinished) => {
    report('building a Debian root with cloud-init (about a minute)');
    await build(kernel, unfinished, report);
  });
  return join(dir, 'root.cpio.zst');
}

export type RootBuild = {
  readonly isRoot: boolean;
  /** Settings of apt that name proxies. */
  readonly proxies: readonly string[];
  /** A folder `modules` that becomes /usr/lib/modules. */
  readonly modules: string;
  readonly output: string;
};

/**
 * The command that builds the root and puts it at `output`. In a user namespace the build cannot reach into a user's
 * home; `copy-in` and `download` are done by mmdebstrap itself, outside.
 */
export function mmdebstrapArgv({ isRoot, proxies, modules, output }: RootBuild): Argv {
  return [
    'mmdebstrap',
    `--mode=${isRoot ? 'root' : 'unshare'}`,
    '--variant=minbase',
    '--format=null',
    `--include=${INCLUDE.join(',')}`,
    ...EXCLUDED_PATHS.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...proxies.map((line) => `--aptopt=${line}`),
    `--customize-hook=${SET_UP}`,
    `--customize-hook=copy-in ${quoted(modules)} /usr/lib`,
    `--customize-hook=${PACK}`,
    `--customize-hook=download /root.cpio.zst ${quoted(output)}`,
    'bookworm',
    '-',
  ];
}

/** The proxies that this machine's own apt uses, from the text of `apt-config dump`: mmdebstrap does not look there. */
export function parseAptProxies(text: string): string[] {
  return text.split('\n').filter((line) => /^Acquire::https?::Proxy\S* ".+";$/.test(line));
}

async function build(kernel: KernelImage, dir: string, report: Report): Promise<void> {
  const staging = join(dir, 'staging');
  await collectModules(kernel, staging);
  const proxies = parseAptProxies(await run(['apt-config', 'dump']));
  const argv = mmdebstrapArgv({
    isRoot: process.geteuid?.() === 0,
    proxies,
    modules: join(staging, 'lib', 'modules'),
    output: join(dir, 'root.cpio.zst'),
  });
  // SIGTERM lets mmdebstrap unmount and remove what it has made so far.
  await run(tied(argv, 'TERM'), { onLine: (line) => progress(line, report) });
  await rm(staging, { recursive: true });
}

function progress(line: string, report: Report): void {
  if (/^I: (running apt|downloading|extracting|installing)/.test(line)) report(line.slice(3));
}

/** The drivers of the lab's machines with an index of their own: without one, udev finds no network card. */
async function collectModules(kernel: KernelImage, to: string): Promise<void> {
  const target = join(to, 'lib', 'modules', kernel.release);
  const paths = await modulePaths(kernel, [...GUEST_MODULES, 'autofs4']);
  for (const path of [...paths, 'modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await cp(join(modulesDir(kernel), path), join(target, path));
  }
  await run(['depmod', '-b', to, kernel.release]);
}

/** As the shell, and mmdebstrap's own hooks, read one word. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { AppError } from '../kernel/errors.ts';
import { type Report, run } from './command.ts';

/**
 * Debian packages by what they are for. Servers that would take port 69 or 67 of this machine (tftpd-hpa, atftpd,
 * dnsmasq, isc-dhcp-server) are left out on purpose: dnsmasq-base and kea-admin bring programs without a service.
 */
export const DEBIAN_PACKAGES = {
  /** To boot a virtual machine into the demo's system. */
  boot: [
    'qemu-system-x86',
    'ovmf',
    'ipxe',
    'ipxe-qemu',
    'busybox-static',
    'iproute2',
    'kmod',
    'util-linux',
    'xz-utils',
  ],
  /** To boot an arm64 machine. */
  arm64: ['qemu-system-arm', 'qemu-efi-aarch64'],
  /** To build a disk that boots by BIOS and by UEFI. */
  install: ['dosfstools', 'grub-common', 'grub-efi-amd64-bin', 'grub-pc-bin', 'mtools'],
  /** The clients and rivals of the wire tests. */
  wire: [
    'atftp',
    // The technician's browser.
    'chromium',
    'tftp-hpa',
    'udhcpc',
    'isc-dhcp-client',
    'curl',
    'debian-archive-keyring',
    'dnsmasq-base',
    'iproute2',
    // With it the site's doctor sees whether another host has its address.
    'iputils-arping',
    'iptables',
    'kea-admin',
    // What cloud-init imports; cloud-init itself is only unpacked, because installed it would configure this machine.
    'python3-configobj',
    'python3-jinja2',
    'python3-jsonpatch',
    'python3-jsonschema',
    'python3-netifaces',
    'python3-oauthlib',
    'python3-requests',
    'python3-yaml',
    'skopeo',
    'tshark',
    'util-linux',
    'wget',
  ],
  /** To build a Debian root with cloud-init. */
  cloud: ['mmdebstrap', 'cpio', 'zstd', 'kmod', 'debian-archive-keyring'],
  /** The clients of the bench, and what its rivals are linked to; those themselves are only unpacked. */
  bench: ['atftp', 'curl', 'dnsmasq-base', 'iproute2', 'kea-admin', 'libpcre2-8-0', 'libwrap0', 'util-linux'],
  /** What building that root needs on top where the lab does not run as root. */
  rootless: ['uidmap'],
} as const;

export type PackageSet = keyof typeof DEBIAN_PACKAGES;

/** The packages of several sets, each once, sorted. */
export function packagesFor(...sets: readonly PackageSet[]): string[] {
  return [...new Set(sets.flatMap((set) => DEBIAN_PACKAGES[set]))].sort();
}

/**
 * Makes sure that packages are installed, and tells `report` what takes its time.
 * @throws AppError `tool-missing` whose message is the one command to type, if this process may not install them
 */
export async function ensureDebianPackages(names: readonly string[], report: Report): Promise<void> {
  const missing = missingPackages(names, await installedPackages(names));
  if (missing.length === 0) return;
  if (process.geteuid?.() !== 0) throw new AppError('tool-missing', howToInstall(missing));
  report(`installing ${missing.length} Debian packages: ${missing.join(' ')}`);
  await installKnownToApt(missing, report);
}

/** The sentence for somebody who may not, or cannot, install. */
export function howToInstall(missing: readonly string[]): string {
  return `Some Debian packages are missing. Type: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`;
}

/** Brings the package index up to date. Needs root. */
export async function updatePackageIndex(report: Report): Promise<void> {
  report('reading the package index of Debian');
  await aptGet(['update'], () => undefined);
}

/** What `dpkg-query -W -f '${db:Status-Status} ${Package}\n'` wrote, as the names that are fully installed. */
export function parseInstalled(text: string): Set<string> {
  const rows = text.split('\n').map((line) => line.split(' '));
  return new Set(rows.filter(([status]) => status === 'installed').map(([, name]) => name ?? ''));
}

export function missingPackages(names: readonly string[], installed: ReadonlySet<string>): string[] {
  return names.filter((name) => !installed.has(name));
}

async function installedPackages(names: readonly string[]): Promise<Set<string>> {
  // With an unknown name dpkg-query still lists the others, but ends with status 1; hence all packages at once.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are those of dpkg-query
  const text = await run(['dpkg-query', '-W', '-f', '${db:Status-Status} ${Package}\n']).catch((cause: unknown) => {
    throw new AppError('tool-missing', `The lab needs Debian 12 or later. ${howToInstall(names)}`, { cause });
  });
  return parseInstalled(text);
}

/** An index that is missing or older than the mirror makes the first try fail; then it is read again, once. */
async function installKnownToApt(missing: readonly string[], report: Report): Promise<void> {
  await withoutServices(async () => {
    try {
      await install(missing, report);
    } catch {
      await updatePackageIndex(report);
      await install(missing, report);
    }
  });
}

async function install(names: readonly string[], report: Report): Promise<void> {
  const interesting = /^(Get:|Unpacking |Setting up )/;
  await aptGet(['install', '-y', '--no-install-recommends', ...names], (line) => {
    if (interesting.test(line)) report(line);
  });
}

async function aptGet(args: readonly string[], onLine: Report): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive', DEBCONF_NONINTERACTIVE_SEEN: 'true' };
  // Another apt may be at work on a machine that has just started: wait for its lock instead of failing.
  await run(['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, onLine });
}

const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY_NOTE = '# made by slipway lab';

/** Forbids to start services while its maker lives: one that outlives a killed lab forbids nothing. */
export function servicePolicy(makerPid: number): string {
  return `#!/bin/sh\n${POLICY_NOTE}\nkill -0 ${makerPid} 2>/dev/null && exit 101\nexit 0\n`;
}

/** While `work` runs no package starts its service: the lab wants programs, not daemons on this machine's ports. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  const present = await readFile(POLICY_FILE, 'utf8').catch(() => undefined);
  // A policy of somebody else stays as it is.
  if (present !== undefined && !present.includes(POLICY_NOTE)) return work();
  const unfinished = `${POLICY_FILE}.${process.pid}`;
  await writeFile(unfinished, servicePolicy(process.pid), { mode: 0o755 });
  await rename(unfinished, POLICY_FILE);
  try {
    await work();
  } finally {
    await rm(POLICY_FILE, { force: true });
  }
}

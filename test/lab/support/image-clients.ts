import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { labCacheDir } from '../../../src/lab/cache.ts';
import { run, tied, toolEnvironment } from '../../../src/lab/command.ts';
import type { Host } from '../../../src/lab/network.ts';
import { keptUnpacked, PODMAN, PODMAN_PARTS, type Wanted } from '../../../src/lab/unpacked.ts';

/** A program that pulls images, as a machine of a store has it. */
export interface ImageClient {
  readonly name: string;
  /** Rejects with what the program says. `flags` are words of its own. */
  pull(image: string, ...flags: string[]): Promise<void>;
  /** The digests of what it has of an image now, with `sha256:`; it has checked them itself. */
  digests(image: string): Promise<ReadonlySet<string>>;
  /** Forgets all images. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** Layers come in parts of this size from containerd 2.1 on, several at a time. */
const PART_BYTES = 1024 * 1024;

/** A containerd of its own, with `ctr`; it reads `certsDir`, as `config_path` says it to Kubernetes. */
export async function startContainerd(wanted: Wanted, host: Host, certsDir: string): Promise<ImageClient> {
  const { files, version } = await keptUnpacked(labCacheDir(), wanted);
  // The path of a socket has room for a hundred letters.
  const dir = await mkdtemp(join(tmpdir(), 'slc-'));
  const socket = join(dir, 'sock');
  await writeFile(join(dir, 'config.toml'), configOf(dir, socket, certsDir));
  const bin = join(files, 'usr/bin');
  const [program, ...args] = tied(host.argv(join(bin, 'containerd'), '-c', join(dir, 'config.toml'), '-l', 'warn'));
  const daemon = spawn(program, args, { stdio: 'ignore', env: toolEnvironment() });
  await vi.waitFor(() => access(socket), { timeout: 20_000 });
  const ctr = (...words: string[]) => host.exec([join(bin, 'ctr'), '-a', socket, ...words]);
  const list = async (what: string) => (await ctr(what, 'ls', '-q')).split('\n').filter((line) => line !== '');
  const from = ['--hosts-dir', certsDir, '--snapshotter', 'native', '--platform', 'linux/amd64'];
  return {
    name: `containerd ${version}`,
    pull: async (image, ...flags) => void (await ctr('images', 'pull', ...from, ...flags, image)),
    digests: async () => new Set(await list('content')),
    wipe: async () => {
      for (const image of await list('images')) await ctr('images', 'rm', '--sync', image);
      const left = await list('content');
      if (left.length > 0) throw new Error(`containerd keeps ${left.join(' ')}`);
    },
    close: async () => {
      await ended(daemon);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function configOf(dir: string, socket: string, certsDir: string): string {
  const others = ['grpc.v1.cri', 'cri.v1.images', 'cri.v1.runtime', 'internal.v1.opt'];
  const transfer = 'plugins."io.containerd.transfer.v1.local"';
  return `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = [${others.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
  address = "${socket}"
[${transfer}]
  config_path = "${certsDir}"
  concurrent_layer_fetch_buffer = ${PART_BYTES}
[[${transfer}.unpack_config]]
  platform = "linux/amd64"
  snapshotter = "native"
  differ = "walking"
`;
}

/** podman, which only pulls here: it needs no runtime for that, and none is on this machine. */
export async function preparePodman(host: Host, registriesConf: string): Promise<ImageClient> {
  const { files, version } = await keptUnpacked(labCacheDir(), PODMAN);
  const parts = await Promise.all(PODMAN_PARTS.map((part) => keptUnpacked(labCacheDir(), part)));
  const dir = await mkdtemp(join(tmpdir(), 'slp-'));
  await mkdir(join(dir, 'tmp'));
  const conf = join(dir, 'containers.conf');
  const conmon = join(parts[0]?.files ?? '', 'usr/bin/conmon');
  await writeFile(
    conf,
    `[engine]
runtime = "none"
conmon_path = ["${conmon}"]
cgroup_manager = "cgroupfs"
events_logger = "none"
[engine.runtimes]
none = ["/bin/true"]
`,
  );
  const env = {
    CONTAINERS_CONF: conf,
    CONTAINERS_REGISTRIES_CONF: registriesConf,
    LD_LIBRARY_PATH: parts.map((part) => join(part.files, 'usr/lib/x86_64-linux-gnu')).join(':'),
  };
  const place = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--tmpdir', join(dir, 'tmp')];
  const podman = (...words: string[]) =>
    run(host.argv(join(files, 'usr/bin/podman'), ...place, '--storage-driver', 'vfs', ...words), { env });
  return {
    name: `podman ${version}`,
    pull: async (image, ...flags) => void (await podman('pull', '--quiet', '--arch', 'amd64', ...flags, image)),
    digests: async (image) => {
      const text = await podman(
        'image',
        'inspect',
        '--format',
        '{{.Digest}} {{.Id}} {{json .RepoDigests}} {{json .RootFS}}',
        image,
      );
      const hexes = text.match(/[0-9a-f]{64}/g) ?? [];
      return new Set(hexes.map((hex) => `sha256:${hex}`));
    },
    wipe: async () => void (await podman('rmi', '--all', '--force')),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a program was given and left: the words of its kernel's command line, a folder of its own, and its end. */
export type SealedRun = { readonly stdout: string; readonly stderr: string; readonly status: number };

/** Places that programs of an initramfs or of a first boot read or write, where this machine must see nothing of it. */
const PRIVATE = ['/run', '/etc/ssh'];

/**
 * Runs a program of a booting system without letting it touch this one: in a mount namespace of its own, with `cmdline`
 * for the kernel's command line and nothing in the places where such programs leave things. The network is the caller's.
 * @param argv of the folder that is the program's own, gone when it has ended
 */
export async function runSealed(
  cmdline: string,
  argv: (folder: string) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SealedRun> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-sealed-'));
  try {
    const file = join(folder, 'cmdline');
    await writeFile(file, `${cmdline}\n`);
    const seal = [
      'mount --bind "$1" /proc/cmdline',
      ...PRIVATE.map((place) => `{ test ! -d ${place} || mount -t tmpfs tmpfs ${place}; }`),
      'shift',
      'exec "$@"',
    ].join(' && ');
    const args = ['--mount', '--propagation', 'private', '--', 'sh', '-c', seal, 'sh', file, ...argv(folder)];
    const options = { env: { ...process.env, ...env }, timeout: 45_000, killSignal: 'SIGKILL' } as const;
    return await promisify(execFile)('unshare', args, options).then(
      ({ stdout, stderr }) => ({ stdout, stderr, status: 0 }),
      (error: SealedRun & { readonly code?: number }) => ({
        ...{ stdout: error.stdout, stderr: error.stderr },
        status: typeof error.code === 'number' ? error.code : -1,
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

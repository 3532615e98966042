import { appendFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDir, readBytes, readText, writeAtomic } from '../adapters/node/files.ts';
import { sha256OfBytes } from '../adapters/node/hash.ts';
import { fileError } from '../adapters/node/system-errors.ts';
import type { Digest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import type { ApplyFiles } from './link/down/ports.ts';
import type { Applied } from './link/policy/apply.ts';

/** Another format is that of another Slipway. */
type Saved = { readonly format: number; readonly applied: Applied };
const FORMAT = 1;

/**
 * What head office sent, in `link/down` of the data directory: `applied.json`, a file per bundle named by its digest, and with
 * `.part` behind the name what is here of one that is on its way.
 * @throws AppError if there can be no such directory
 */
export async function openApplyFiles(dataDir: string, log: Log): Promise<ApplyFiles> {
  const dir = join(dataDir, 'link', 'down');
  await makePrivateDir(dir);
  const path = join(dir, 'applied.json');
  const bundlePath = (digest: Digest): string => join(dir, digest);
  const partPath = (digest: Digest): string => `${bundlePath(digest)}.part`;
  const drop = async (file: string): Promise<void> => {
    await rm(file, { force: true }).catch((error: unknown) => log.warn({ file, error }, 'a bundle cannot be deleted'));
  };

  return {
    read: async () => {
      try {
        const text = await readText(path);
        if (text === undefined) return undefined;
        const { format, applied } = JSON.parse(text) as Saved;
        if (format !== FORMAT) throw new AppError('store-newer', `it has the format ${format}, not ${FORMAT}`);
        return applied;
      } catch (error) {
        log.error(
          { file: path, reason: AppError.from(error).message },
          'what head office sent cannot be read any more',
        );
        return undefined;
      }
    },
    write: (applied) => writeAtomic(path, JSON.stringify({ format: FORMAT, applied } satisfies Saved), { mode: 0o600 }),
    bundle: async (digest) => {
      const bytes = await readBytes(bundlePath(digest));
      return bytes && sha256OfBytes(bytes) === digest ? bytes.toString('utf8') : undefined;
    },
    sizeOf: (digest) =>
      stat(partPath(digest)).then(
        ({ size }) => size,
        () => 0,
      ),
    append: (digest, chunk) =>
      appendFile(partPath(digest), chunk, { mode: 0o600 }).catch((cause: unknown) => {
        throw fileError(`cannot write ${partPath(digest)}`, cause);
      }),
    complete: async (digest) => {
      const bytes = await readBytes(partPath(digest));
      const isWhole = bytes !== undefined && sha256OfBytes(bytes) === digest;
      if (isWhole) await writeAtomic(bundlePath(digest), bytes, { mode: 0o600 });
      await drop(partPath(digest));
      return isWhole;
    },
    retain: async (digests) => {
      const wanted = new Set(digests.flatMap((digest) => [digest, `${digest}.part`] as string[]));
      const names = await readdir(dir);
      for (const name of names) if (/^[0-9a-f]{64}/.test(name) && !wanted.has(name)) await drop(join(dir, name));
    },
  };
}

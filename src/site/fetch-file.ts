import type { DrySite } from './dry-site.ts';

/**
 * The most that a script may have. Ours have a few KiB; of the memory that a loader on a BIOS has for everything (iPXE:
 * 512 KiB), this is left for one.
 */
export const SCRIPT_BYTES = 64 * 1024;

export type Read = { readonly text: string } | { readonly because: string };

/** A whole script, by its name as it is asked for. */
export async function readByTftp(dry: DrySite, asked: string): Promise<Read> {
  const file = await dry.find(asked);
  if (!file) return { because: 'there is no such file' };
  try {
    if (file.sizeBytes > SCRIPT_BYTES) return { because: tooLarge(file.sizeBytes) };
    const bytes = new Uint8Array(file.sizeBytes);
    for (let done = 0; done < bytes.length; ) {
      const got = await file.read(bytes.subarray(done), done);
      if (got === 0) return { because: `it ends after ${done} of ${bytes.length} bytes` };
      done += got;
    }
    return bytes.length === 0 ? { because: 'it is empty' } : { text: new TextDecoder().decode(bytes) };
  } finally {
    await file.close();
  }
}

/** What a script says that no loader is to be given. */
export function tooLarge(sizeBytes: number): string {
  return `it has ${sizeBytes} bytes, and a loader is given at most ${SCRIPT_BYTES}`;
}

/** What firmware and GRUB want of a file: its size, and bytes at both of its ends. */
export async function lackOfTftpFile(dry: DrySite, asked: string): Promise<string | undefined> {
  const file = await dry.find(asked);
  if (!file) return 'there is no such file';
  try {
    if (file.sizeBytes === 0) return 'it is empty';
    const byte = new Uint8Array(1);
    for (const position of [0, file.sizeBytes - 1])
      if ((await file.read(byte, position)) === 0) return `it has no byte ${position + 1} of ${file.sizeBytes}`;
    return undefined;
  } finally {
    await file.close();
  }
}

/** What firmware and iPXE want of a file: its length by HEAD, and a part of it. */
export async function lackOfFile(dry: DrySite, path: string): Promise<string | undefined> {
  const head = await dry.http('HEAD', path);
  if (head.status !== 200) return `the answer to HEAD is ${head.status}`;
  if (!(Number(head.headers['content-length']) > 0)) return 'HEAD does not tell its length';
  const part = await dry.http('GET', path, { range: 'bytes=0-0' });
  return part.status === 206 ? undefined : `the answer to a part of it is ${part.status}`;
}

import { open } from 'node:fs/promises';
import type { Log } from '../../kernel/ports.ts';
import type { Redactor } from '../../kernel/redactor.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { SecretSource } from '../../model/site-ports.ts';

const MAX_BYTES = 64 * 1024;
/** The group may read: so systemd hands in credentials. */
const READABLE_BY_OTHERS = 0o027;

/**
 * Secrets that lie in files, by name. They are read when they are used and kept nowhere, so that a changed one counts
 * at once; the redactor learns each before anybody else sees it. One newline at the end is an editor's and is cut off.
 * A file that others can read is used, and complained of once.
 */
export function createSecretFiles(
  files: Readonly<Record<string, { readonly file: string }>>,
  { log, redactor }: { readonly log: Log; readonly redactor: Redactor },
): SecretSource {
  const complained = new Set<string>();

  async function read(name: string): Promise<Result<string, string>> {
    const path = Object.hasOwn(files, name) ? files[name]?.file : undefined;
    if (path === undefined) return err(`the site file does not say where secret "${name}" lies`);
    const found = await readSecret(path);
    if (!found.ok) return err(`secret "${name}": ${path} ${found.error}`);
    const { value, mode } = found.value;
    redactor.learn(value);
    if ((mode & READABLE_BY_OTHERS) !== 0 && !complained.has(path)) {
      complained.add(path);
      log.warn({ file: path, mode: (mode & 0o777).toString(8) }, 'others can read the file of a secret: chmod 600 it');
    }
    return ok(value);
  }

  return {
    read: async (names) => {
      const values: [string, string][] = [];
      for (const name of names) {
        const value = await read(name);
        if (!value.ok) return value;
        values.push([name, value.value]);
      }
      return ok(Object.fromEntries(values));
    },
  };
}

async function readSecret(path: string): Promise<Result<{ readonly value: string; readonly mode: number }, string>> {
  try {
    const file = await open(path, 'r');
    try {
      const found = await file.stat();
      if (!found.isFile()) return err('is not a file');
      if (found.size > MAX_BYTES) return err('is larger than 64 KiB');
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
      const value = text.replace(/\r?\n$/, '');
      return value === '' ? err('is empty') : ok({ value, mode: found.mode });
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof TypeError) return err('is not text in UTF-8');
    return err(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'for a reason unknown'}`);
  }
}

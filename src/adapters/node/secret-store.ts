import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../kernel/errors.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { makePrivateDir, readBytes, removeFile, writeAtomic, writeNew } from './files.ts';
import { fileError } from './system-errors.ts';

const KEY_BYTES = 32;
const MAGIC = Buffer.from('SWS1', 'latin1');
/** NIST SP 800-38D section 8.2.2: 96 random bits, far fewer than 2^32 times under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Secrets on the disk of the site, each a file of its own that nobody can read without `secret.key` beside them. */
export interface SecretStore {
  /** What is there, in the order of the alphabet, readable or not; `setAt` in milliseconds since 1970. */
  list(): Promise<readonly { readonly name: string; readonly setAt: number }[]>;
  /** undefined: nothing of that name was ever set. Fails with a sentence that has the name and never the value. */
  read(name: string): Promise<Result<string, string> | undefined>;
  /** On disk when it resolves. Rejects with an AppError: `secret-damaged` if there is no key, or as `writeAtomic`. */
  write(name: string, value: string): Promise<void>;
  /** false: there was none. */
  remove(name: string): Promise<boolean>;
}

/**
 * Opens the store in `dataDir`, and makes its key at the first start. A key that cannot be used keeps no site from
 * starting: each secret then says so when it is asked for.
 * ```
 *  0        4            16                      n-16      n
 *  +--------+------------+-----------------------+---------+
 *  | "SWS1" |   nonce    |  AES-256-GCM of value |   tag   |   the name is authenticated too (AAD):
 *  +--------+------------+-----------------------+---------+   no file can be put in place of another
 * ```
 */
export async function openSecretStore(dataDir: string): Promise<SecretStore> {
  const dir = join(dataDir, 'secrets');
  await makePrivateDir(dir);
  return new FileSecretStore(dir, await openKey(join(dataDir, 'secret.key')));
}

class FileSecretStore implements SecretStore {
  readonly #dir: string;
  readonly #key: Result<Buffer, string>;

  constructor(dir: string, key: Result<Buffer, string>) {
    this.#dir = dir;
    this.#key = key;
  }

  async list(): ReturnType<SecretStore['list']> {
    const files = await readdir(this.#dir).catch((cause: unknown) => {
      throw fileError(`cannot read ${this.#dir}`, cause);
    });
    const names = files.filter((file) => NAME.test(file)).sort();
    return Promise.all(
      names.map(async (name) => ({ name, setAt: Math.round((await stat(this.#path(name))).mtimeMs) })),
    );
  }

  async read(name: string): ReturnType<SecretStore['read']> {
    if (!NAME.test(name)) return undefined;
    try {
      const sealed = await readBytes(this.#path(name));
      if (sealed === undefined) return undefined;
      return this.#key.ok ? unseal(sealed, name, this.#key.value) : err(`secret "${name}": ${this.#key.error}`);
    } catch (thrown) {
      return err(`secret "${name}": ${AppError.from(thrown).message}`);
    }
  }

  async write(name: string, value: string): Promise<void> {
    if (!this.#key.ok) throw new AppError('secret-damaged', `secret "${name}": ${this.#key.error}`);
    await writeAtomic(this.#path(name), seal(value, name, this.#key.value), { mode: 0o600 });
  }

  async remove(name: string): Promise<boolean> {
    return NAME.test(name) && removeFile(this.#path(name));
  }

  #path(name: string): string {
    if (!NAME.test(name)) throw new AppError('usage-invalid', `${JSON.stringify(name)} cannot be the name of a secret`);
    return join(this.#dir, name);
  }
}

function seal(value: string, name: string, key: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aadOf(name));
  return Buffer.concat([MAGIC, nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function unseal(sealed: Buffer, name: string, key: Buffer): Result<string, string> {
  const start = MAGIC.length + NONCE_BYTES;
  const end = sealed.length - TAG_BYTES;
  if (end < start || !sealed.subarray(0, MAGIC.length).equals(MAGIC))
    return err(`the file of secret "${name}" is damaged: set it again`);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(MAGIC.length, start))
      .setAAD(aadOf(name))
      .setAuthTag(sealed.subarray(end));
    return ok(Buffer.concat([decipher.update(sealed.subarray(start, end)), decipher.final()]).toString('utf8'));
  } catch {
    // One and the same failure to GCM, and its message says nothing more.
    return err(`secret "${name}" cannot be decrypted: its file is damaged, or secret.key is another one; set it again`);
  }
}

function aadOf(name: string): Buffer {
  return Buffer.from(`slipway secret\0${name}`, 'utf8');
}

async function openKey(path: string): Promise<Result<Buffer, string>> {
  try {
    // A site that has no secrets here must start on a disk that takes no new file any more.
    if ((await readBytes(path)) === undefined) await writeNew(path, randomBytes(KEY_BYTES), { mode: 0o600 });
    const key = await readBytes(path);
    if (key?.length === KEY_BYTES) return ok(key);
    return err(
      `${path} has ${key?.length ?? 0} bytes and not ${KEY_BYTES}: restore it, or move it away and set all again`,
    );
  } catch (thrown) {
    return err(`its key cannot be used: ${AppError.from(thrown).message}`);
  }
}

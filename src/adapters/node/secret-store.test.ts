import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecretStore } from './secret-store.ts';

const VALUE = 'not-for-everybody €';
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-secret-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const fileOf = (name: string): string => join(dir, 'secrets', name);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

async function withSecret() {
  const store = await openSecretStore(dir);
  await store.write('joinToken', VALUE);
  return store;
}

describe('the store of secrets', () => {
  it('keeps a value over a restart, where nobody else may read it, and not as it is', async () => {
    await withSecret();
    const again = await openSecretStore(dir);
    expect(await again.read('joinToken')).toEqual({ ok: true, value: VALUE });
    expect([modeOf(join(dir, 'secret.key')), modeOf(fileOf('joinToken')), modeOf(join(dir, 'secrets'))]).toEqual([
      0o600, 0o600, 0o700,
    ]);
    expect(readFileSync(fileOf('joinToken')).includes('everybody')).toBe(false);
  });

  it('lists names alone, replaces and removes', async () => {
    const store = await withSecret();
    await store.write('alpha', 'another-value');
    await store.write('joinToken', 'second-value');
    expect((await store.list()).map(({ name }) => name)).toEqual(['alpha', 'joinToken']);
    expect(await store.read('joinToken')).toEqual({ ok: true, value: 'second-value' });
    expect([await store.remove('joinToken'), await store.remove('joinToken')]).toEqual([true, false]);
    expect(await store.read('joinToken')).toBeUndefined();
    expect(readdirSync(join(dir, 'secrets'))).toEqual(['alpha']);
  });

  it('is the same value in two files never the same bytes', async () => {
    const store = await withSecret();
    const first = readFileSync(fileOf('joinToken'));
    await store.write('joinToken', VALUE);
    expect(readFileSync(fileOf('joinToken')).equals(first)).toBe(false);
  });

  it.each<readonly [string, (bytes: Buffer) => Uint8Array, string]>([
    ['cut short', (bytes) => bytes.subarray(0, 10), 'is damaged'],
    ['empty', () => new Uint8Array(), 'is damaged'],
    ['of something else', () => Buffer.from('x'.repeat(200)), 'is damaged'],
    ['changed in one bit', (bytes) => bytes.with(20, (bytes[20] ?? 0) ^ 1), 'cannot be decrypted'],
    ['cut at its end', (bytes) => bytes.subarray(0, -1), 'cannot be decrypted'],
  ])('says which file is %s', async (_, change, sentence) => {
    const store = await withSecret();
    writeFileSync(fileOf('joinToken'), change(readFileSync(fileOf('joinToken'))));
    const found = await store.read('joinToken');
    expect(found?.ok === false && found.error).toContain('"joinToken"');
    expect(found?.ok === false && found.error).toContain(sentence);
  });

  it('takes no file for another one', async () => {
    const store = await withSecret();
    renameSync(fileOf('joinToken'), fileOf('rootPassword'));
    expect(await store.read('rootPassword')).toMatchObject({ ok: false });
  });

  it('opens with a key that is no key, and says so of each secret', async () => {
    await withSecret();
    writeFileSync(join(dir, 'secret.key'), 'short');
    const store = await openSecretStore(dir);
    expect(await store.read('joinToken')).toMatchObject({ error: expect.stringMatching(/"joinToken": .* 5 bytes/) });
    await expect(store.write('joinToken', VALUE)).rejects.toMatchObject({ code: 'secret-damaged' });
    expect(await store.remove('joinToken')).toBe(true);
  });

  it('cannot read what another key has encrypted, and can be given it anew', async () => {
    await withSecret();
    rmSync(join(dir, 'secret.key'));
    const store = await openSecretStore(dir);
    expect(await store.read('joinToken')).toMatchObject({
      error: expect.stringContaining('secret.key is another one'),
    });
    await store.write('joinToken', VALUE);
    expect(await store.read('joinToken')).toEqual({ ok: true, value: VALUE });
  });

  it('knows nothing of names that are paths', async () => {
    const store = await withSecret();
    for (const name of ['../secret.key', 'a/b', '', '.x', 'x'.repeat(65)]) {
      expect(await store.read(name)).toBeUndefined();
      expect(await store.remove(name)).toBe(false);
      await expect(store.write(name, VALUE)).rejects.toMatchObject({ code: 'usage-invalid' });
    }
  });
});

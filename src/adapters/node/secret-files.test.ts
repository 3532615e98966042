import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SampleLog } from '../../../test/support/sample-site.ts';
import { createRedactor } from '../../kernel/redactor.ts';
import { createSecretFiles } from './secret-files.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-secrets-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function setUp(content: string | Uint8Array, mode = 0o600) {
  const file = join(dir, 'join-token');
  writeFileSync(file, content);
  chmodSync(file, mode);
  const log = new SampleLog();
  const redactor = createRedactor();
  const source = createSecretFiles({ joinToken: { file }, folder: { file: dir } }, { log, redactor });
  return { source, log, redactor, file };
}

describe('secrets in files', () => {
  it('are read when they are used, without the newline of an editor', async () => {
    const { source, file, redactor } = setUp('geheim-1\n');
    expect(await source.read(['joinToken'])).toEqual({ ok: true, value: { joinToken: 'geheim-1' } });
    expect(redactor.redact('geheim-1')).toBe('[hidden]');
    writeFileSync(file, 'geheim-2');
    expect(await source.read(['joinToken'])).toEqual({ ok: true, value: { joinToken: 'geheim-2' } });
    expect(await source.read([])).toEqual({ ok: true, value: {} });
  });

  it('that others can read are complained of once', async () => {
    const { source, log } = setUp('geheim-1', 0o644);
    await source.read(['joinToken']);
    await source.read(['joinToken']);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { mode: '644' } }]);
    expect(JSON.stringify(log.lines)).not.toContain('geheim');
  });

  it.each<readonly [string, string | Uint8Array, string]>([
    ['empty', '\n', 'is empty'],
    ['large', 'x'.repeat(70_000), 'is larger than 64 KiB'],
    ['no text', new Uint8Array([0xff, 0xfe]), 'is not text in UTF-8'],
  ])('that are %s are refused', async (_, content, sentence) => {
    const { source } = setUp(content);
    const read = await source.read(['joinToken']);
    expect(read.ok ? '' : read.error).toContain(sentence);
  });

  it('that are not there are named', async () => {
    const { source, file } = setUp('x');
    rmSync(file);
    expect(await source.read(['joinToken'])).toMatchObject({ error: expect.stringContaining('ENOENT') });
    expect(await source.read(['folder'])).toMatchObject({ error: expect.stringContaining('is not a file') });
    expect(await source.read(['toString'])).toMatchObject({ error: expect.stringContaining('does not say where') });
  });
});

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { breaks, LINK_FILES, LINK_FOLDER, lint } from './link-proto.ts';

let folder: string;
const original = readFileSync(join(LINK_FOLDER, 'link.proto'), 'utf8');
const change = (from: string, to: string): void => {
  expect(original).toContain(from);
  writeFileSync(join(folder, 'link.proto'), original.replace(from, to));
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-proto-'));
  for (const file of LINK_FILES) copyFileSync(join(LINK_FOLDER, file), join(folder, file));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a field that is taken out breaks what was released', () => {
  change('  int64 sent_at_ms = 2;\n', '');
  expect(breaks(folder)).toContain(
    'Previously present field "2" with name "sent_at_ms" on message "RequestProof" was deleted',
  );
});

it('a field with another number or type breaks it, too', () => {
  change('  int64 sent_at_ms = 2;', '  string sent_at_ms = 2;');
  expect(breaks(folder)).toContain('sent_at_ms');
});

it('a field that is added breaks nothing', () => {
  change('message DoorbellRequest {', 'message DoorbellRequest {\n  string note = 99;');
  expect(breaks(folder)).toBe('');
});

it('a name that is no name of a field is seen', () => {
  change('message DoorbellRequest {', 'message DoorbellRequest {\n  string NotAName = 99;');
  expect(lint(folder)).toContain('NotAName');
});

import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BesiegedSite, besiege } from './support/besieged-site.ts';

let site: BesiegedSite;
beforeAll(async () => {
  site = await besiege('template');
  const folder = join(site.workDir, 'template');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  symlinkSync('/dev/zero', join(folder, 'zero'));
  symlinkSync('/', join(folder, 'root'));
});
afterAll(() => site?.end());

const withDocument = (value: string) => (text: string) =>
  text.replace('from: interfaces }', `from: interfaces }, user-data: ${value}`);
const aliases = Array.from({ length: 12 }, (_, i) => `l${i}: &l${i} [${`*l${i - 1},`.repeat(i > 0 ? 9 : 0)}x]`).join(
  '\n',
);

/** Each is written over the template of a running site, which refuses it with a reason and goes on with the old one. */
const attacks: readonly (readonly [string, RegExp, (text: string) => string])[] = [
  ['a bomb of aliases', /aliases|entries/, () => aliases],
  ['brackets without end', /YAML|words and signs/, () => '['.repeat(90_000)],
  ['ten megabytes', /larger than 1 MiB/, (text) => `${text}# ${'x'.repeat(10_000_000)}`],
  ['NUL bytes', /expected a map/, () => '\0'.repeat(1_000)],
  ['a document that is a pipe', /pipe is not a file/, withDocument('{ file: pipe }')],
  ['a document that is a device', /zero is not a file/, withDocument('{ file: zero }')],
  ['a document that is a folder', /root is not a file/, withDocument('{ file: root }')],
  ['a document elsewhere', /beside the template/, withDocument('{ file: ../../etc/shadow }')],
  ['a loop in Liquid', /memory alloc limit/, withDocument('"{% for i in (1..1000000000) %}x{% endfor %}"')],
  [
    'loops in loops',
    /limit/,
    withDocument('"{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}"'),
  ],
  [
    'a slow pattern',
    /for ever/,
    (text) =>
      text.replace('spec:', `spec:\n  vars: { a: { type: string, default: ${'a'.repeat(60)}, pattern: "(a+)+b" } }`),
  ],
  ['a billion slots', /500|whole number/, (text) => text.replace('pos-1: {', '"pos-{n}": { count: 1000000000,')],
  [
    'a setting of the loader',
    /iPXE would put/,
    (text) => text.replace('cmdline: {', 'cmdline: { a: "$\u007bpassword}",'),
  ],
  [
    'a command line for the loader',
    /a blank ends the word/,
    (text) => text.replace('cmdline: {', 'cmdline: { a: "1 || shell",'),
  ],
];

test('a running site refuses each with its reason, and goes on', { timeout: 60_000 }, async () => {
  const before = site.cost();
  for (const [what, reason, change] of attacks) {
    const seen = site.log().length;
    site.writeTemplate(change(site.template));
    await expect
      .poll(() => site.log().slice(seen), { timeout: 8_000, interval: 100, message: what })
      .toMatch(/template refused|in force/);
    const refusal = site.log().slice(seen);
    expect(refusal, what).toMatch(reason);
    expect(refusal, what).not.toContain('root:');
    await site.checkServes();
  }
  expect(site.cost().descriptors).toBeLessThanOrEqual(before.descriptors + 4);
  expect(site.cost().rssMiB - before.rssMiB).toBeLessThan(300);
  site.writeTemplate(`${site.template}# good again\n`);
  await site.checkServes();
});

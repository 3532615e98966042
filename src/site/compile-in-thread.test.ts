import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SampleClock } from '../../test/support/sample-site.ts';
import { compileInThread } from './compile-in-thread.ts';
import { compileSite } from './compile-site.ts';
import { parseSiteConfig, type StandaloneConfig } from './config.ts';

let folder: string;
let clock: SampleClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-thread-'));
  clock = new SampleClock();
});
afterEach(() => rmSync(folder, { recursive: true }));

function siteWith(document: string): StandaloneConfig {
  const template = join(folder, 'template.yaml');
  writeFileSync(join(folder, 'user-data'), document);
  writeFileSync(
    template,
    `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: thread }
spec:
  vars: { tills: { type: int, default: 2 } }
  networks:
    nodes: { subnet: 10.0.0.0/24, pool: "+100..+199", lease: { firmware: 5m, os: 30m } }
  assets:
    tiny: { amd64: { kernel: { source: "file:///vmlinuz", sha256: "${'a1'.repeat(32)}" } } }
  profiles:
    live: { kind: live, boots: tiny, documents: { user-data: { file: user-data } } }
  slots:
    "pos-{n}": { count: "{{ vars.tills }}", profile: live }
`,
  );
  const text = `site: s1\ninterfaces: { nodes: eth0 }\ntemplate: ${template}\nvars: { tills: 3 }\n`;
  const config = parseSiteConfig(text, join(folder, 'site.yaml'));
  if (!config.ok) throw config.error;
  return { ...config.value, template };
}

test('answers what it would be here, while the loop turns', async () => {
  const config = siteWith('#cloud-config\nhostname: {{ slot.name }}\n');
  let turns = 0;
  const count = setInterval(() => (turns += 1), 1);
  const compiled = await compileInThread(config, 7, clock);
  clearInterval(count);
  expect(compiled).toEqual(compileSite(config, 7));
  expect(compiled.outcome).toMatchObject({ ok: true, value: { number: 7, slots: { 'pos-3': {} } } });
  expect(compiled.files).toEqual([config.template, join(folder, 'user-data')]);
  expect(turns).toBeGreaterThan(3);
});

test('answers the problems of a bad one, with their places', async () => {
  const config = siteWith('hostname: {{ slot.nam }}\n');
  const compiled = await compileInThread(config, 1, clock);
  expect(compiled).toEqual(compileSite(config, 1));
  expect(compiled.outcome).toMatchObject({ ok: false, error: [expect.stringContaining('user-data:1')] });
});

test('one that takes too long is refused', async () => {
  const config = siteWith('x\n');
  const compiling = compileInThread(config, 1, clock);
  clock.pass(30_000);
  expect(await compiling).toEqual({
    outcome: { ok: false, error: [`${config.template} takes longer than 30 s to compile`] },
    files: [config.template],
  });
  expect(clock.timers).toBe(0);
});

test('one that takes too much memory is refused, and the site goes on', async () => {
  const config = siteWith(`${'x'.repeat(1_000)}\n`.repeat(500));
  expect((await compileInThread(config, 1, clock, 8)).outcome).toEqual({
    ok: false,
    error: [`${config.template} takes more than 8 MB of memory to compile`],
  });
});

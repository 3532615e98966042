import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const top = resolve(import.meta.dirname, '../..');
const fixtures = join(top, 'test/law/fixtures');

type Cruise = {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
};

describe('the import law', () => {
  it('refuses each thing it forbids, and nothing that it allows', async () => {
    const { summary } = await cruise(fixtures);
    const refused = [...new Set(summary.violations.map((violation) => violation.from))].sort();
    const mustFail = sourcesIn(fixtures).filter((file) => /(sees-|cycle-a|unresolvable|somewhere-new)/.test(file));
    expect(mustFail.length).toBeGreaterThan(20);
    expect(refused).toEqual(mustFail.sort());
  }, 60_000);

  it('finds the cycle as a cycle', async () => {
    const { summary } = await cruise(fixtures);
    const rules = summary.violations
      .filter((violation) => violation.from.includes('cycle-'))
      .map((violation) => violation.rule.name);
    expect(rules).toContain('no-cycles');
  }, 60_000);

  it('saw every source file of Slipway', async () => {
    const { modules } = await cruise(top);
    const seen = new Set(modules.map((module) => module.source));
    expect(sourcesIn(top).filter((file) => !seen.has(file))).toEqual([]);
  }, 60_000);

  it('has the page in a configuration without Node', async () => {
    const { stdout } = await tsc(['-p', 'src/web/tsconfig.json', '--listFilesOnly']);
    const listed = new Set(stdout.split('\n').map((file) => file.trim()));
    const page = sourcesIn(top).filter((file) => file.startsWith('src/web/'));
    expect(page.length).toBeGreaterThan(10);
    expect(page.filter((file) => !listed.has(join(top, file)))).toEqual([]);
    expect([...listed].filter((file) => file.includes('@types/node'))).toEqual([]);
  }, 60_000);

  it('has its pure folders in the configuration without Node', async () => {
    const { stdout } = await tsc(['-p', 'tsconfig.pure.json', '--listFilesOnly']);
    const listed = new Set(stdout.split('\n').map((file) => file.trim()));
    const pure = sourcesIn(top).filter((file) =>
      /^src\/(kernel|model)\/|^src\/(site|hub)\/[^/]+\/(codec|policy)\//.test(file),
    );
    expect(pure.filter((file) => !listed.has(join(top, file)))).toEqual([]);
    expect([...listed].filter((file) => file.includes('@types/node'))).toEqual([]);
  }, 60_000);
});

async function cruise(cwd: string): Promise<Cruise> {
  const program = join(top, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [program, 'src', '--config', join(top, '.dependency-cruiser.cjs'), '--output-type', 'json'];
  // It ends with the number of violations as its status; what it found is on stdout all the same.
  const { stdout } = await run(process.execPath, args, { cwd, maxBuffer: 64 << 20 }).catch(
    (error: { stdout?: string }) => {
      if (!error.stdout) throw error;
      return { stdout: error.stdout };
    },
  );
  return JSON.parse(stdout) as Cruise;
}

function tsc(args: readonly string[]): Promise<{ stdout: string }> {
  return run(process.execPath, [join(top, 'node_modules/typescript/bin/tsc'), ...args], {
    cwd: top,
    maxBuffer: 16 << 20,
  });
}

function sourcesIn(folder: string): string[] {
  return globSync('src/**/*.{ts,tsx}', { cwd: folder }).filter((file) => !file.endsWith('.test.ts'));
}

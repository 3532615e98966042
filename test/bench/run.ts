// What this site carries beside its rivals, in one run on one machine: `npm run bench`. Ratios hold, absolutes do not.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../../src/cli/table.ts';
import { labCacheDir, labLoaderDir } from '../../src/lab/cache.ts';
import { ensureDebianPackages, packagesFor } from '../../src/lab/debian.ts';
import { prepareDemoSystem } from '../../src/lab/demo-site.ts';
import { enterNamespace, isInsideNamespace } from '../../src/lab/namespace.ts';
import { createBridge } from '../../src/lab/network.ts';
import { fetchLoaderFiles } from '../tiers/loader-files.ts';
import { boot } from './boot.ts';
import { dhcp } from './dhcp.ts';
import { http } from './http.ts';
import { images } from './images.ts';
import { withNeighbours } from './neighbours.ts';
import { type Bench, type Part, type Row, verdictOf } from './part.ts';
import { fetchRivals } from './rivals.ts';
import { storm } from './storm.ts';
import { tftp } from './tftp.ts';

const PARTS: Readonly<Record<string, Part>> = { dhcp, tftp, http, images, storm, boot };
const USAGE = `usage: npm run bench [-- --only ${Object.keys(PARTS).join(',')}] [--quick] [--json]

  --only   only these parts
  --quick  one short round of each, to see that all of it runs
  --json   the table for programs, on standard output

Needs root, a quiet machine and about ten minutes; docs/operate/capacity.md says what it measures.
`;
/** How what was fetched gets to the inner process, which has no network. */
const PREPARED = 'SLIPWAY_BENCH';

const { values: asked } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
const names = asked.only?.split(',') ?? Object.keys(PARTS);
const unknown = names.filter((name) => !PARTS[name]);
if (unknown.length > 0)
  throw new Error(`there is no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);

if (asked.help) process.stdout.write(USAGE);
else if (isInsideNamespace()) await bench();
else process.exitCode = await prepareAndEnter();

async function prepareAndEnter(): Promise<number> {
  await ensureDebianPackages(packagesFor('boot', 'bench'), say);
  // A site that cannot get its loaders goes on trying, which is no part of what is measured.
  await fetchLoaderFiles(labLoaderDir(), say);
  process.env['SLIPWAY_LOADERS'] ??= labLoaderDir();
  const prepared = {
    programs: await fetchRivals(labCacheDir(), say),
    guest: await prepareDemoSystem(labCacheDir(), say),
  };
  process.env[PREPARED] = JSON.stringify(prepared);
  const inside = [process.execPath, import.meta.filename, ...process.argv.slice(2)] as const;
  const enter = () => enterNamespace(inside);
  return names.includes('storm') ? withNeighbours(enter, say) : enter();
}

async function bench(): Promise<void> {
  const quick = asked.quick ?? false;
  const prepared = JSON.parse(process.env[PREPARED] ?? '{}') as Pick<Bench, 'programs' | 'guest'>;
  const dir = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  // As process 1 of its namespace it must have a handler, or the kernel drops the signal.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => rm(dir, { recursive: true, force: true }).finally(() => process.exit(130)));
  const results: Record<string, readonly Row[]> = {};
  try {
    await createBridge('br0', '10.80.0.1/16');
    for (const name of names) results[name] = await runPart(name, { ...prepared, dir, quick, rounds: quick ? 1 : 3 });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  if (asked.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
}

async function runPart(name: string, bench: Bench): Promise<readonly Row[]> {
  const part = PARTS[name];
  if (!part) return [];
  const startedAt = performance.now();
  say(part.title);
  const rows = await part.run(bench);
  process.stderr.write(` ${((performance.now() - startedAt) / 1_000).toFixed(0)} s\n`);
  if (!asked.json) process.stdout.write(`\n${tableOf(part.title, rows)}\n`);
  return rows;
}

function tableOf(title: string, rows: readonly Row[]): string {
  const contenders = [...new Set(rows.flatMap(({ reached }) => Object.keys(reached)))];
  const head = [title, ...contenders, 'ratio', 'goal', ''];
  return formatTable(
    head,
    rows.map((row) => [
      row.what,
      ...contenders.map((name) => row.reached[name] ?? '-'),
      row.ratio.toFixed(2),
      row.goal === undefined ? '' : 'atLeast' in row.goal ? `>= ${row.goal.atLeast}` : `<= ${row.goal.atMost}`,
      verdictOf(row),
    ]),
  );
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

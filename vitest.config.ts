import { defineConfig } from 'vitest/config';
import { ByWeight } from './test/tiers/by-weight.ts';

const bySlowTier = { retry: 0, pool: 'forks', fileParallelism: false } as const;
/** What `expect.poll` waits for is what another process does, on a machine that may do ten things at once. */
const patient = { poll: { timeout: 20_000 } };
const wire = {
  setupFiles: ['test/setup.ts'],
  expect: patient,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  ...bySlowTier,
};
/** The life of a site once more, on one that head office steers, and whose head office is gone since its first revision. */
const steered = { ...wire, env: { SLIPWAY_TEST_STEERED: '1' } };
/** In each run: the first in the wire tier, the others in the lab's, which has the time. All are in the matrix. */
const STEERED_IN_WIRE = ['whole-way'];
const STEERED_IN_LAB = ['orders', 'losses', 'kill'];
const STEERED_IN_MATRIX = ['identity', 'pinned', 'secrets', 'clock', 'kill-boot', 'kill-install'];
/** Whole sites and head offices in one process, with their databases and threads, and what waits for disks: too much for the tier that everybody waits for. */
const UNIT_IN_LAB = [
  ...[
    'site/link/up/up-lanes',
    'site/link/down/down',
    'site/link/identity/identity',
    'site/order-log',
    'site/order-log-file',
  ],
  ...[
    'hub/sites/sites',
    'hub/sites/rogue-site',
    'hub/identity/authority',
    'hub/render-in-thread',
    'site/compile-in-thread',
    'hub/identity/identity',
  ],
  ...['passing', 'follow', 'scrub', 'store', 'room', 'routes'].map((name) => `site/content/${name}`),
  'site/registry/archive',
].map((name) => `src/${name}.test.ts`);
/** Starts a process for each command that the docs show. */
const CONSOLE = 'test/docs/console.test.ts';
/** Tests of the wire that run in the lab's tier, which has more time. */
const WIRE_IN_LAB = [
  ...['site-start-faults', 'other-servers', 'address-change', 'link-outage', 'link-move', 'hub-keeping'],
  ...['page', 'fleet-page', 'fleet-page-hub', 'image-files', 'wanted-images'],
].map((name) => `test/wire/${name}.test.ts`);
/** Half a minute of templates that a running site refuses, one after the other: in the matrix, where all fuzzers are. */
const LONG_FUZZ = 'test/fuzz/template.test.ts';
const siteTests = (names: readonly string[]) => names.map((name) => `test/wire/site-${name}.test.ts`);

export default defineConfig({
  test: {
    sequence: { sequencer: ByWeight },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/docs/**/*.test.ts', 'test/law/**/*.test.ts'],
          exclude: [CONSOLE, ...UNIT_IN_LAB],
          setupFiles: ['test/setup.ts'],
          // A file has no state of its own that another could see; loading every module anew took half the time.
          isolate: false,
          // One worker is the default on two cores, and half of the machine would stand by.
          maxWorkers: '100%',
          // For a machine that is busy with something else; how long all of it may take is the tier's budget.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          retry: 0,
        },
      },
      {
        test: {
          name: 'wire',
          include: [
            'test/wire/**/*.test.ts',
            'test/fuzz/**/*.test.ts',
            'test/conformance/*store-{disk,backup}.test.ts',
            CONSOLE,
          ],
          exclude: [...WIRE_IN_LAB, LONG_FUZZ],
          ...wire,
        },
      },
      { test: { name: 'wire-steered', include: siteTests(STEERED_IN_WIRE), ...steered } },
      { test: { name: 'lab-steered', include: siteTests(STEERED_IN_LAB), ...steered } },
      {
        test: {
          name: 'matrix-steered',
          include: siteTests([...STEERED_IN_WIRE, ...STEERED_IN_LAB, ...STEERED_IN_MATRIX]),
          ...{ ...steered, testTimeout: 600_000, hookTimeout: 600_000 },
        },
      },
      {
        test: {
          name: 'matrix',
          include: ['test/matrix/**/*.test.ts', 'test/fuzz/**/*.test.ts'],
          setupFiles: ['test/setup.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          ...bySlowTier,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts', 'test/conformance/*store-sqlite.test.ts', ...WIRE_IN_LAB, ...UNIT_IN_LAB],
          setupFiles: ['test/setup.ts'],
          expect: patient,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          ...bySlowTier,
        },
      },
    ],
  },
});

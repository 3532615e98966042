import { defineConfig } from 'vitest/config';
import { ByWeight } from './test/tiers/by-weight.ts';

const bySlowTier = { retry: 0, pool: 'forks', fileParallelism: false } as const;
const wire = { setupFiles: ['test/setup.ts'], testTimeout: 60_000, hookTimeout: 60_000, ...bySlowTier };
/** The life of a site once more, on one that head office steers, and whose head office is gone since its first revision. */
const steered = { ...wire, env: { SLIPWAY_TEST_STEERED: '1' } };
/** In each run: the first in the wire tier, the others in the lab's, which has the time. All are in the matrix. */
const STEERED_IN_WIRE = ['whole-way'];
const STEERED_IN_LAB = ['orders', 'identity', 'pinned', 'secrets', 'clock', 'losses', 'kill', 'kill-boot'];
const STEERED_IN_MATRIX = ['kill-install'];
/** Starts a process for each command that the docs show. */
const CONSOLE = 'test/docs/console.test.ts';
const siteTests = (names: readonly string[]) => names.map((name) => `test/wire/site-${name}.test.ts`);

export default defineConfig({
  test: {
    sequence: { sequencer: ByWeight },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/conformance/*store-sqlite.test.ts',
            'test/docs/**/*.test.ts',
            'test/law/**/*.test.ts',
          ],
          exclude: [CONSOLE],
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
          include: ['test/lab/**/*.test.ts'],
          setupFiles: ['test/setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          ...bySlowTier,
        },
      },
    ],
  },
});

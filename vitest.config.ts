import { defineConfig } from 'vitest/config';

const bySlowTier = { retry: 0, pool: 'forks', fileParallelism: false } as const;

export default defineConfig({
  test: {
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
          setupFiles: ['test/setup.ts'],
          // A file has no state of its own that another could see; loading every module anew took half the time.
          isolate: false,
          // For a machine that is busy with something else; how long all of it may take is the tier's budget.
          testTimeout: 30_000,
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
          ],
          setupFiles: ['test/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...bySlowTier,
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
          testTimeout: 300_000,
          hookTimeout: 600_000,
          ...bySlowTier,
        },
      },
    ],
  },
});

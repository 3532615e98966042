import fc from 'fast-check';
import { labLoaderDir } from '../src/lab/cache.ts';

/** Property tests are the same every time unless `SLIPWAY_SEED` says otherwise; `SLIPWAY_RUNS` makes them longer. */
const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const runs = process.env['SLIPWAY_RUNS'];
fc.configureGlobal({ seed, ...(runs === undefined ? {} : { numRuns: Number(runs) }) });

// Sites of the tests have no way to Debian's archive.
process.env['SLIPWAY_LOADERS'] ??= labLoaderDir();

import { systemClock } from '../../../src/adapters/node/clock.ts';
import { systemRandom } from '../../../src/adapters/node/random.ts';
import type { Digest } from '../../../src/kernel/digest.ts';
import type { Log } from '../../../src/kernel/ports.ts';
import { createContentStore } from '../../../src/site/content/store.ts';

/** A process that has a store and fetches one file into it, to be killed: DATA_DIR DIGEST URL. */
const [dataDir = '', digest = '', url = ''] = process.argv.slice(2);
const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const store = await createContentStore({
  settings: { dataDir, reserveBytes: 0 },
  clock: systemClock,
  random: systemRandom,
  log,
});
await store.ensure({ digest: digest as Digest, name: 'layer', sources: [{ kind: 'url', url }] });

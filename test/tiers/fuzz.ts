// Troubles a site at all of its ports inside namespaces of its own, for SLIPWAY_FUZZ_SECONDS, from SLIPWAY_SEED.
import { enterNamespace } from '../../src/lab/namespace.ts';

process.exitCode = await enterNamespace(['vitest', 'run', '--project', 'wire', 'test/fuzz/everything.test.ts']);

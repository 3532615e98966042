// Runs one vitest project, or those of a pattern, or a part of them (`1/2`), inside network, mount and process namespaces
// of its own; they end with it, whatever happens.
import { enterNamespace } from '../../src/lab/namespace.ts';

const [project = '', report = `test-results/${project}.json`, shard] = process.argv.slice(2);
process.exitCode = await enterNamespace([
  'vitest',
  'run',
  '--project',
  project,
  '--reporter=verbose',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...(shard === undefined ? [] : [`--shard=${shard}`]),
]);

// Runs one vitest project inside network, mount and process namespaces of its own; they end with it, whatever happens.
import { enterNamespace } from '../../src/lab/namespace.ts';

const project = process.argv[2] ?? '';
const report = `--outputFile.json=test-results/${project}.json`;
process.exitCode = await enterNamespace([
  'vitest',
  'run',
  '--project',
  project,
  '--reporter=verbose',
  '--reporter=json',
  report,
]);

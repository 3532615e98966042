// The unit tests with a fresh seed and many runs; the seed is printed, so that a counterexample can be had again.
import { spawnSync } from 'node:child_process';

const seed = process.env['SLIPWAY_SEED'] ?? String(Date.now() % 2 ** 31);
process.stdout.write(`SLIPWAY_SEED=${seed}\n`);
const args = [
  'run',
  '--project',
  'unit',
  '--reporter=dot',
  '--reporter=json',
  '--outputFile.json=test-results/properties.json',
];
const env = { ...process.env, SLIPWAY_SEED: seed, SLIPWAY_RUNS: '5000' };
const { status } = spawnSync('vitest', [...args, '--testTimeout=600000'], { stdio: 'inherit', env });
process.exitCode = status ?? 1;

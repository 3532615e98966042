// Runs one vitest project inside network, mount and process namespaces of its own; they end with it, whatever happens.
import { spawn } from 'node:child_process';

const project = process.argv[2] ?? '';
const asRoot = process.getuid?.() === 0;
const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', ...(asRoot ? [] : ['--user', '--map-root-user'])];
const vitest = ['vitest', 'run', '--project', project, '--reporter=verbose', '--reporter=json', `--outputFile.json=test-results/${project}.json`];
// Loopback is down in a new network namespace.
const child = spawn('unshare', [...namespaces, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...vitest], {
  stdio: 'inherit',
  env: { ...process.env, SLIPWAY_ISOLATED: '1' },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`unshare: ${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code) => process.exit(code ?? 1));

#!/usr/bin/env node
// The one JavaScript file: it runs on whatever Node the machine has, and sees to it that Slipway itself runs on the
// packaged Node. That one executes TypeScript as it stands, so a checkout needs no build.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const wantedMajor = 24;

if (Number(process.versions.node.split('.')[0]) >= wantedMajor) await runSlipway();
else runOnPackagedNode();

async function runSlipway() {
  const source = new URL('../src/main.ts', import.meta.url);
  const isCheckout = existsSync(source);
  // Stripping and compiling hundreds of files is more than half of a start. In the environment, so that threads know it,
  // too; and a folder of the checkout's owner: where others can write, they could leave code for us.
  if (isCheckout) {
    process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/slipway', import.meta.url));
    module.enableCompileCache();
  }
  const { main } = await import(isCheckout ? source.href : new URL('../dist/main.js', import.meta.url).href);
  await main(process.argv);
}

function runOnPackagedNode() {
  const node = packagedNode();
  if (!node) {
    process.stderr.write(
      `slipway: needs Node ${wantedMajor} and finds neither it nor the package that carries it (node-${process.platform}-${process.arch}).\n` +
        'Run `npm ci` without `--omit=optional`.\n',
    );
    process.exit(70);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both of us, a service manager only to this one: pass it on, and let the child decide.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 70);
    // End by the same signal, so that the caller sees what happened; a handler of ours would swallow it.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
  });
  child.on('error', (error) => {
    process.stderr.write(`slipway: cannot start ${node}: ${error.message}\n`);
    process.exit(70);
  });
}

function packagedNode() {
  try {
    const require = createRequire(import.meta.url);
    return require.resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}

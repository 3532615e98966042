// Makes what a release installs: Node runs no TypeScript below node_modules, so the package carries JavaScript.
// usage: node test/release/bundle.ts OUTDIR
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundlePage } from '../../src/adapters/node/page-bundle.ts';

const outdir = process.argv[2];
if (!outdir) throw new Error('usage: node test/release/bundle.ts OUTDIR');

await build({
  entryPoints: {
    main: 'src/main.ts',
    'store-worker': 'src/adapters/store/worker.ts',
    'hub-store-worker': 'src/adapters/store/hub-worker.ts',
    'compile-thread': 'src/site/compile-thread.ts',
  },
  outdir,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // A driver with machine code of its own stays a package; what makes the page is needed here for the last time.
  external: ['better-sqlite3', 'esbuild'],
  // Packages of the old module system call `require` for Node's own modules.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  legalComments: 'linked',
  logLevel: 'warning',
});

await mkdir(join(outdir, 'web'), { recursive: true });
for (const { name, body } of await bundlePage('src/web')) await writeFile(join(outdir, 'web', name), body);

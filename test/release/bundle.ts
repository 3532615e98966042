// Makes what a release installs: Node runs no TypeScript below node_modules, so the package carries JavaScript.
// usage: node test/release/bundle.ts OUTDIR
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { bundlePage, PAGES } from '../../src/adapters/node/page-bundle.ts';

const outdir = process.argv[2];
if (!outdir) throw new Error('usage: node test/release/bundle.ts OUTDIR');

await build({
  entryPoints: {
    main: 'src/main.ts',
    'store-worker': 'src/adapters/store/worker.ts',
    'hub-store-worker': 'src/adapters/store/hub-worker.ts',
    'compile-thread': 'src/site/compile-thread.ts',
    'hash-thread': 'src/site/content/hash-thread.ts',
    'render-thread': 'src/hub/render-thread.ts',
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

for (const name of ['site', 'fleet'] as const) {
  const folder = join(outdir, basename(PAGES[name].packed));
  await mkdir(folder, { recursive: true });
  for (const file of await bundlePage(name)) await writeFile(join(folder, file.name), file.body);
}

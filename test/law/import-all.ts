// Imports every source file on the real Node: a test runner accepts TypeScript that Node refuses to strip.
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const files = globSync('src/**/*.ts', { exclude: (name) => name === 'web' }).filter(
  (file) => !file.endsWith('.test.ts'),
);
if (files.length === 0) throw new Error('no source file found: run this from the top of the checkout');
for (const file of files) {
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    process.stderr.write(`${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
process.stdout.write(`${files.length} files\n`);
// A file that starts something when it is merely imported would keep the process alive.
process.exit();

// Writes the generated parts of the documentation; with --check it only says which are out of date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { GENERATED } from './generated/documents.ts';

const checkOnly = process.argv.includes('--check');
for (const document of GENERATED) {
  const before = read(document.path);
  const after = document.render(before);
  if (after === before) continue;
  if (checkOnly) {
    process.stderr.write(`${document.path} is out of date: run \`npm run generate\` and look at the difference\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(document.path), { recursive: true });
    writeFileSync(document.path, after);
    process.stdout.write(`wrote ${document.path}\n`);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

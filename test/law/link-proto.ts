// What a site in the field says must be understood for years: lints the link's proto, and compares it with what was released.
// usage: node test/law/link-proto.ts [--release]    --release: from now on, what is here is what was released
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const top = resolve(import.meta.dirname, '../..');
const released = join(top, 'test/conformance/link');
export const LINK_FOLDER = join(top, 'src/wire/link');
export const LINK_FILES = ['link.proto', 'buf.yaml'];

/** What is against the rules in a folder with a proto; empty: nothing. */
export function lint(folder: string): string {
  return buf(['lint', folder]);
}

/** What in a folder would not be understood by what was released; empty: all is. */
export function breaks(folder: string): string {
  return buf(['breaking', folder, '--against', released]);
}

function buf(args: readonly string[]): string {
  // buf keeps a cache in the home directory, which a build machine may not have.
  const cache = mkdtempSync(join(tmpdir(), 'slipway-buf-'));
  try {
    const path = [join(top, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
    const env = { ...process.env, PATH: path, BUF_CACHE_DIR: cache };
    const { status, stdout, stderr, error } = spawnSync('buf', args, { cwd: top, env, encoding: 'utf8' });
    if (status === 0) return '';
    return stdout + stderr + (error?.message ?? '') || `buf ended with ${status}`;
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--release'))
    for (const file of LINK_FILES) copyFileSync(join(LINK_FOLDER, file), join(released, file));
  const found = lint(LINK_FOLDER) + breaks(LINK_FOLDER);
  process.stdout.write(found);
  if (found !== '') process.exitCode = 1;
}

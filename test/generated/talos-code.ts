import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const top = resolve(import.meta.dirname, '../..');
const room = 'src/site/signals';
const GENERATED_FILES = ['talos-events.ts', 'google/protobuf/any.ts'] as const;

let generated: ReadonlyMap<string, string> | undefined;

/** The code for Talos' event sink, made from its proto file by buf and ts-proto; both are dev dependencies. */
export const TALOS_CODE = GENERATED_FILES.map((file) => ({
  path: `${room}/gen/${file}`,
  render: (): string => {
    generated ??= generate();
    return generated.get(file) ?? '';
  },
}));

function generate(): ReadonlyMap<string, string> {
  const out = mkdtempSync(join(tmpdir(), 'slipway-gen-'));
  try {
    const args = ['generate', '--template', 'buf.gen.yaml', '--output', out, 'talos-events.proto'];
    const path = [join(top, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
    // buf keeps a cache in the home directory, which a build machine may not have.
    const env = { ...process.env, PATH: path, BUF_CACHE_DIR: join(out, 'cache') };
    const { status, stderr, error } = spawnSync('buf', args, { cwd: join(top, room), env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`buf generate failed: ${error?.message ?? stderr}`);
    return new Map(GENERATED_FILES.map((file) => [file, readFileSync(join(out, 'gen', file), 'utf8')]));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

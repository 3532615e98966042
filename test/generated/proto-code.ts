import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const top = resolve(import.meta.dirname, '../..');

type ProtoFile = { readonly folder: string; readonly proto: string; readonly makes: readonly string[] };

/** Code that buf and ts-proto make from proto files; both are dev dependencies. */
const PROTO_FILES: readonly ProtoFile[] = [
  {
    folder: 'src/site/signals',
    proto: 'talos-events.proto',
    makes: ['talos-events.ts', 'google/protobuf/any.ts'],
  },
  { folder: 'src/wire/link', proto: 'link.proto', makes: ['link.ts'] },
  { folder: 'src/wire/health', proto: 'health.proto', makes: ['health.ts'] },
];

export const PROTO_CODE = PROTO_FILES.flatMap((source) => {
  let made: ReadonlyMap<string, string> | undefined;
  return source.makes.map((file) => ({
    path: `${source.folder}/gen/${file}`,
    render: (): string => {
      made ??= generate(source);
      return made.get(file) ?? '';
    },
  }));
});

function generate({ folder, proto, makes }: ProtoFile): ReadonlyMap<string, string> {
  const out = mkdtempSync(join(tmpdir(), 'slipway-gen-'));
  try {
    const args = ['generate', '--template', 'buf.gen.yaml', '--output', out, proto];
    const path = [join(top, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
    // buf keeps a cache in the home directory, which a build machine may not have.
    const env = { ...process.env, PATH: path, BUF_CACHE_DIR: join(out, 'cache') };
    const { status, stderr, error } = spawnSync('buf', args, { cwd: join(top, folder), env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`buf generate failed: ${error?.message ?? stderr}`);
    return new Map(makes.map((file) => [file, readFileSync(join(out, 'gen', file), 'utf8')]));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

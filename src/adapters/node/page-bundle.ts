import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError } from '../../kernel/errors.ts';
import type { PageFile } from '../../model/page-file.ts';
import { packageFile } from './package-file.ts';

/** Phones are used for longer than their makers care for them. `lib` in src/web/tsconfig.json is what these have. */
const TARGETS = ['chrome85', 'firefox78', 'safari14.1'];

/** The technician's page of a site, and that of the fleet at head office: where their sources are, and the files of a release. */
export const PAGES = {
  site: { source: 'src/web', packed: 'dist/web' },
  fleet: { source: 'src/web/fleet', packed: 'dist/web-fleet' },
} as const;
export type PageName = keyof typeof PAGES;

/**
 * The files of a page: from a checkout made of its sources, from a release as they were packed.
 * @throws AppError `page-missing`
 */
export async function readPage(name: PageName): Promise<readonly PageFile[]> {
  const source = packageFile(PAGES[name].source);
  try {
    return existsSync(join(source, 'main.tsx'))
      ? await bundlePage(name)
      : await readFolder(packageFile(PAGES[name].packed));
  } catch (cause) {
    throw new AppError('page-missing', `the page could not be read: ${(cause as Error).message}`, { cause });
  }
}

/** Makes the files of a page from its sources. Needs esbuild, which only a checkout has. */
export async function bundlePage(name: PageName): Promise<readonly PageFile[]> {
  const source = packageFile(PAGES[name].source);
  const { build, stop } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(source, 'main.tsx'), join(source, 'style.css'), packageFile('src/web/icon.svg')],
    // The name changes with the bytes, so that a phone may keep a file for ever.
    entryNames: '[name]-[hash]',
    outdir: source,
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    target: TARGETS,
    loader: { '.svg': 'copy' },
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
  });
  // It keeps a process of its own for the next time; there is none.
  await stop();
  const files = outputFiles.map(({ path, contents }) => ({ name: basename(path), body: contents }));
  return [{ name: 'index.html', body: await renderIndex(source, files) }, ...files];
}

/** `index.html` names its files as `page/main.js`; what is served has their digest in the name. */
async function renderIndex(source: string, files: readonly PageFile[]): Promise<Uint8Array> {
  let html = await readFile(join(source, 'index.html'), 'utf8');
  for (const { name } of files) html = html.replaceAll(`page/${name.replace(/-[^-.]+\./, '.')}"`, `page/${name}"`);
  return new TextEncoder().encode(html);
}

async function readFolder(folder: string): Promise<readonly PageFile[]> {
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => ({ name, body: await readFile(join(folder, name)) })));
}

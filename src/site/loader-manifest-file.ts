import { readText } from '../adapters/node/files.ts';
import { packageFile } from '../adapters/node/package-file.ts';
import { AppError } from '../kernel/errors.ts';
import { lookFirstIn, type ManifestLoader, parseLoaderManifest } from './content/loader-manifest.ts';

/** The text of the list of loaders that comes with Slipway. */
export async function readLoaderManifest(): Promise<string> {
  const path = packageFile('boot-assets/manifest.yaml');
  const text = await readText(path);
  if (text === undefined) throw new AppError('internal', `the list of loaders is missing: ${path}`);
  return text;
}

/**
 * The loaders of that list. `SLIPWAY_LOADERS` names a folder of this machine in which each is looked for first, by its
 * name in the list; what lies there is checked like what comes from anywhere else.
 */
export async function loadersOf(env: NodeJS.ProcessEnv): Promise<ManifestLoader[]> {
  const loaders = parseLoaderManifest(await readLoaderManifest());
  const folder = env['SLIPWAY_LOADERS'];
  return folder ? lookFirstIn(folder, loaders) : loaders;
}

import { readText } from '../adapters/node/files.ts';
import { packageFile } from '../adapters/node/package-file.ts';
import { AppError } from '../kernel/errors.ts';

/** The text of the list of loaders that comes with Slipway. */
export async function readLoaderManifest(): Promise<string> {
  const path = packageFile('boot-assets/manifest.yaml');
  const text = await readText(path);
  if (text === undefined) throw new AppError('internal', `the list of loaders is missing: ${path}`);
  return text;
}

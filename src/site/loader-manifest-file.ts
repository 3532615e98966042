import { fileURLToPath } from 'node:url';
import { readText } from '../adapters/node/files.ts';
import { AppError } from '../kernel/errors.ts';

/** The text of the list of loaders that comes with Slipway. */
export async function readLoaderManifest(): Promise<string> {
  const path = fileURLToPath(new URL('../../boot-assets/manifest.yaml', import.meta.url));
  const text = await readText(path);
  if (text === undefined) throw new AppError('internal', `the list of loaders is missing: ${path}`);
  return text;
}

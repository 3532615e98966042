import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../kernel/errors.ts';

/**
 * The path of a file that comes with Slipway, such as `boot-assets/manifest.yaml`: below the folder of its
 * package.json, which is not equally far from a source file and from the bundle.
 */
export function packageFile(path: string): string {
  return join(packageRoot, path);
}

const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(dir: string): string {
  if (existsSync(join(dir, 'package.json'))) return dir;
  const parent = dirname(dir);
  if (parent === dir) throw new AppError('internal', 'the package of Slipway has no package.json');
  return findRoot(parent);
}

import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFile } from '../adapters/node/package-file.ts';

/**
 * Writes the fleet directory of the demo to `dir`: the demo's template as the widest layer, and one site with `values` for
 * its variables, and with what else its own layer says.
 */
export async function writeDemoFleet(
  dir: string,
  site: string,
  values: Readonly<Record<string, string>>,
  more: object,
): Promise<void> {
  await mkdir(join(dir, 'sites'), { recursive: true });
  const template = await readFile(packageFile('templates/sites/demo.yaml'), 'utf8');
  await cp(packageFile('templates/sites/documents'), join(dir, 'documents'), { recursive: true });
  await writeFile(join(dir, 'template.yaml'), template.replace('layer: site', 'layer: fleet'));
  const fleet = {
    apiVersion: 'slipway/v1',
    kind: 'Fleet',
    name: 'demo',
    sites: { [site]: { labels: { demo: 'yes' } } },
  };
  await writeFile(join(dir, 'fleet.yaml'), JSON.stringify(fleet));
  const own = {
    apiVersion: 'slipway/v1',
    kind: 'SiteTemplate',
    metadata: { name: 'demo', layer: 'site' },
    spec: { values, ...more },
  };
  await writeFile(join(dir, 'sites', `${site}.yaml`), JSON.stringify(own));
}

import { systemRandom } from '../adapters/node/random.ts';
import { AppError } from '../kernel/errors.ts';
import { parseIpv4 } from '../kernel/ipv4.ts';
import type { Revision } from '../model/revision.ts';
import type { LoaderTable, SiteAddress } from '../model/site-ports.ts';
import type { SiteStatus } from '../wire/api/views.ts';
import { advertised } from './advertised.ts';
import { askForEach, type Named } from './ask-site.ts';
import type { SiteConfig } from './config.ts';
import type { ManifestLoader } from './content/loader-manifest.ts';
import { blobsHere } from './doctor-content.ts';
import { findUnanswerable, findUnserved, type ServeWorld } from './find-unserved.ts';
import { loadersOf } from './loader-manifest-file.ts';
import type { World } from './preflight/world.ts';

/**
 * What a site of this revision would name to machines and not serve, by the rule of the site itself. Of a site that runs,
 * what it has in its store counts, and all that its answers may name is asked for over the network, too. Before that,
 * files and loaders are taken to be here: they come when it starts.
 */
export async function notServed(
  config: SiteConfig,
  revision: Revision | undefined,
  view: SiteStatus | undefined,
  env: NodeJS.ProcessEnv,
): ReturnType<World['notServed']> {
  if (!revision) return { unseen: 'there is no revision here yet' };
  const sites = view ? addressesIn(view, config) : [];
  const manifest = await loadersOf(env);
  if (sites.length === 0) {
    const names = new Map(manifest.map(({ asset }) => [asset.name, { ...asset, sizeBytes: 1 }]));
    const world = {
      ...worldOf(config, anywhere(revision, config)),
      loaders: { find: (name: string) => names.get(name) },
    };
    const problems = await inWords(findUnanswerable(revision, { ...world, content: NOTHING_HERE }));
    return { seen: { asked: Object.keys(revision.slots).length, problems } };
  }
  const assets = [
    ...revision.assets,
    ...Object.values(revision.raspberryPi ?? {}),
    ...manifest.map(({ asset }) => asset),
  ];
  const content = await blobsHere(
    config.dataDir,
    assets.map(({ digest }) => digest),
  );
  if ('unseen' in content) return content;
  const loaders = loadersIn(content.seen, manifest);
  const problems = await inWords(findUnserved(revision, { ...worldOf(config, sites), content: content.seen, loaders }));
  const named = [
    ...advertised(revision, sites, loaders).map(({ by, name, site: { address } }): Named => {
      if (by === 'tftp') return { by, address, port: config.ports.tftp, name };
      return { by, address, port: config.ports.http, path: name };
    }),
    ...sites.flatMap(({ address }) => assetsAt(revision, { address, port: config.ports.http })),
  ];
  return { seen: { asked: named.length, problems: [...problems, ...(await askForEach(named))] } };
}

function loadersIn(
  { stateOf }: Pick<ServeWorld['content'], 'stateOf'>,
  manifest: readonly ManifestLoader[],
): LoaderTable {
  const digests = new Map(manifest.map(({ asset }) => [asset.name, asset.digest]));
  return {
    find: (name) => {
      const digest = digests.get(name);
      const state = digest && stateOf(digest);
      return digest && state?.kind === 'complete' ? { name, digest, sizeBytes: state.sizeBytes } : undefined;
    },
  };
}

const NOTHING_HERE: ServeWorld['content'] = { open: async () => undefined, stateOf: () => ({ kind: 'absent' }) };

function inWords(work: Promise<readonly string[]>): Promise<readonly string[]> {
  return work.catch((thrown: unknown) => [`it cannot be answered from: ${AppError.from(thrown).message}`]);
}

function worldOf(
  config: SiteConfig,
  addresses: readonly SiteAddress[],
): Pick<ServeWorld, 'siteName' | 'addresses' | 'random'> {
  return { siteName: config.site, addresses, random: systemRandom };
}

function addressesIn({ networks }: SiteStatus, { ports }: SiteConfig): readonly SiteAddress[] {
  return networks.flatMap(({ name, serverAddress }) => {
    const address = parseIpv4(serverAddress ?? '');
    return address ? [{ network: name, address, httpPort: ports.http }] : [];
  });
}

/** Where it would stand, for want of something better. */
function anywhere({ networks }: Revision, { ports }: SiteConfig): readonly SiteAddress[] {
  return Object.values(networks).map(({ name, subnet }) => ({
    network: name,
    address: subnet.network,
    httpPort: ports.http,
  }));
}

function assetsAt(
  { assets }: Revision,
  at: Pick<Extract<Named, { by: 'http' }>, 'address' | 'port'>,
): readonly Named[] {
  return assets.map(({ name, digest }) => {
    return { by: 'http', ...at, path: `/assets/sha256/${digest}/${encodeURIComponent(name)}` };
  });
}

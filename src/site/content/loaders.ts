import type { ContentStore } from '../../model/content.ts';
import type { LoaderTable } from '../../model/site-ports.ts';
import type { ManifestLoader } from './loader-manifest.ts';

/** The loaders of a manifest, kept in the content store like any other asset. */
export interface Loaders extends LoaderTable {
  /**
   * Pins all of them and fetches those that are missing; a failure is logged and tried again by the store. Resolves when each
   * that may lie on this machine was tried once: nobody waits for the WAN.
   */
  fetch(): Promise<void>;
}

const OWNER = 'loaders';

export function createLoaders(
  content: Pick<ContentStore, 'stateOf' | 'ensure' | 'pin'>,
  manifest: readonly ManifestLoader[],
): Loaders {
  const byName = new Map(manifest.map(({ asset }) => [asset.name, asset]));
  return {
    find: (name) => {
      const asset = byName.get(name);
      const state = asset && content.stateOf(asset.digest);
      if (!asset || state?.kind !== 'complete') return undefined;
      return { name, digest: asset.digest, sizeBytes: state.sizeBytes };
    },
    fetch: async () => {
      const assets = [...byName.values()];
      await content.pin(
        OWNER,
        assets.map((asset) => asset.digest),
      );
      const tried = assets.map((asset) => ({ asset, done: content.ensure(asset).catch(() => undefined) }));
      await Promise.all(tried.flatMap(({ asset, done }) => (isNear(asset) ? [done] : [])));
    },
  };
}

/** Whether it is looked for on this machine first. */
function isNear({ sources: [first] }: ManifestLoader['asset']): boolean {
  return first?.kind === 'file' || (first?.kind === 'debian' && first.pool === undefined);
}

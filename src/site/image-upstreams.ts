import { AppError } from '../kernel/errors.ts';
import type { RepositoryKey, UpstreamName } from '../kernel/image-name.ts';
import type { Clock, Log, Random } from '../kernel/ports.ts';
import type { BlobSource } from '../model/content.ts';
import { governed } from '../model/governed.ts';
import type { Upstream } from '../model/images.ts';
import type { RevisionSource, SecretSource } from '../model/site-ports.ts';
import type { Wan } from '../model/wan-port.ts';
import type { ImageMeter } from './registry/meter.ts';
import { rememberUnknown } from './registry/remember-unknown.ts';
import { createUpstream } from './registry/upstream.ts';
import type { FetchedManifest, UpstreamRegistry } from './registry/upstream-port.ts';

export type UpstreamParts = {
  readonly revisions: RevisionSource;
  readonly secrets: SecretSource;
  readonly wan: Wan;
  readonly meter: ImageMeter;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** The registries of the revision in force, each with one client; one that changed is made anew. */
export function createUpstreams({ revisions, secrets, wan, meter, clock, random, log }: UpstreamParts) {
  const made = new Map<UpstreamName, { readonly by: string; readonly registry: UpstreamRegistry }>();
  const settingsOf = () => revisions.current()?.images?.upstreams ?? [];
  return {
    find: ({ upstream }: Pick<RepositoryKey, 'upstream'>): UpstreamRegistry | undefined => {
      const settings = settingsOf().find(({ name }) => name === upstream);
      if (!settings) return undefined;
      const by = JSON.stringify(settings);
      const known = made.get(upstream);
      if (known?.by === by) return known.registry;
      known?.registry.close();
      const credentials = () => credentialsOf(settings, secrets);
      const asked = rememberUnknown(createUpstream(settings, { clock, random, log, credentials }), clock);
      const registry = onTheLine(asked, wan, meter);
      made.set(upstream, { by, registry });
      return registry;
    },
    /** Those of the revision in force, and whether each is known to be away now. */
    states: () => settingsOf().map(({ name }) => ({ name, isAway: made.get(name)?.registry.isAway() ?? false })),
    stop: (): void => {
      for (const { registry } of made.values()) registry.close();
    },
  };
}

async function credentialsOf({ credentials }: Upstream, secrets: SecretSource) {
  if (!credentials) return undefined;
  const values = await secrets.read([credentials.secret]);
  if (!values.ok) throw new AppError('asset-unavailable', values.error);
  return { user: credentials.user, password: values.value[credentials.secret] ?? '' };
}

/** A registry of which all that comes is counted, and of which blobs come no faster than the line may be used. */
function onTheLine(registry: UpstreamRegistry, wan: Wan, meter: ImageMeter): UpstreamRegistry {
  const countManifest = (manifest: FetchedManifest | undefined): void => {
    if (manifest) meter.fetched(registry.name, manifest.digest, manifest.bytes.length);
  };
  return {
    ...registry,
    head: async (...asked) => {
      const head = await registry.head(...asked);
      countManifest(head.ok ? head.value.fetched : undefined);
      return head;
    },
    manifest: async (...asked) => {
      const manifest = await registry.manifest(...asked);
      countManifest(manifest.ok ? manifest.value : undefined);
      return manifest;
    },
    blobSource: (repository, digest) => {
      const source = registry.blobSource(repository, digest);
      const count = (bytes: number): void => meter.fetched(registry.name, digest, bytes);
      return governed(counted(source, count), wan);
    },
  };
}

function counted(source: BlobSource, count: (bytes: number) => void): BlobSource {
  return {
    label: source.label,
    deliver: async (request) => {
      const delivery = await source.deliver(request);
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for await (const chunk of delivery.chunks) {
          count(chunk.length);
          yield chunk;
        }
      }
      return { ...delivery, chunks: chunks() };
    },
  };
}

import { join } from 'node:path';
import type { HttpServer, Routes } from '../adapters/http/server.ts';
import { readText, writeAtomic } from '../adapters/node/files.ts';
import { AppError } from '../kernel/errors.ts';
import type { RepositoryKey, UpstreamName } from '../kernel/image-name.ts';
import type { Cancel, Clock, Log, Random } from '../kernel/ports.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { BlobSource, ContentStore } from '../model/content.ts';
import type { Upstream } from '../model/images.ts';
import { findPeer } from '../model/peer.ts';
import { identify } from '../model/requester.ts';
import type { NeighbourTable, RevisionSource, SecretSource, SiteAddress } from '../model/site-ports.ts';
import { ownAddresses } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import { NO_WAN_RULES } from '../model/wan.ts';
import type { Wan } from '../model/wan-port.ts';
import type { ImageView } from '../wire/api/images.ts';
import type { SiteConfig } from './config.ts';
import { createImageDesk, viewImages } from './image-desk.ts';
import { type ImageFileRoutes, imageFileRoutes } from './image-files.ts';
import type { ImageDesk } from './image-routes.ts';
import { createNoteComplete, wantedHere } from './image-wants.ts';
import { createIndexFiles } from './index-files.ts';
import { createMirror } from './registry/mirror.ts';
import { rememberUnknown } from './registry/remember-unknown.ts';
import { openRepositories } from './registry/repositories.ts';
import { registryRoutes, type SendBytes } from './registry/routes.ts';
import { createUpstream } from './registry/upstream.ts';
import type { UpstreamRegistry } from './registry/upstream-port.ts';
import { createWanted, type RunningWanted } from './registry/wanted.ts';
import { createWan, type MonthlyUse, type RunningWan } from './wan/governor.ts';
import { startDelayMs } from './wan/policy/rules.ts';

export type ImageMirrorParts = {
  readonly config: SiteConfig;
  readonly content: ContentStore;
  readonly revisions: RevisionSource;
  readonly secrets: SecretSource;
  readonly store: Store;
  readonly addresses: () => readonly SiteAddress[];
  readonly arp: NeighbourTable;
  readonly send: SendBytes;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** The registry beside the nodes, and what it fetches before anybody asks. */
export interface ImageMirror {
  readonly routes: Routes;
  /** For people and programs, below `/api/v1/images`. */
  readonly files: ImageFileRoutes;
  readonly wanted: RunningWanted;
  readonly desk: ImageDesk;
  /** Wanted images, as people see them. */
  view(): readonly ImageView[];
  readonly wan: RunningWan;
  /** Follows the revision in force from now on, and serves at the port of the registry while there is something to serve. */
  start(http: HttpServer): void;
  stop(): Promise<void>;
}

/** How soon a new revision is seen. */
const LOOK_MS = 1_000;
const KEEP_METER_MS = 60_000;

/** Rejects with an AppError if its files cannot be read. */
export async function openImageMirror(parts: ImageMirrorParts): Promise<ImageMirror> {
  const { config, content, revisions, clock, random, log } = parts;
  const images = () => revisions.current()?.images;
  const meter = meterFile(join(config.dataDir, 'wan.json'));
  const wan = createWan({ rules: () => revisions.current()?.wan ?? NO_WAN_RULES, clock, ...(await meter.read()) });
  const repositories = await openRepositories(createIndexFiles(join(config.dataDir, 'images')), log);
  const upstreams = createUpstreams(parts, wan);
  // A tenth more or less, so that three thousand sites do not ask for one tag in the same second.
  const tagsFreshMs = () => (images()?.tagsFreshSeconds ?? 0) * 1_000 * (0.9 + 0.2 * random.unit());
  const mirror = createMirror({ content, repositories, upstream: upstreams.find, tagsFreshMs, clock, log });
  const wanted = createWanted({
    ...{ mirror, repositories, content, tagsFreshMs, clock, random, log },
    wanted: () => wantedHere(parts),
    onComplete: createNoteComplete(parts),
    startDelayMs: () => {
      const revision = revisions.current();
      return startDelayMs(config.site, revision?.digest ?? '', revision?.wan?.spreadSeconds ?? 0);
    },
  });
  const follow = followRevision(parts, wanted);
  let keeping: Cancel | undefined;
  const keepMeter = (): void => {
    keeping = clock.after(KEEP_METER_MS, () => {
      meter
        .write(wan.now())
        .catch((error: unknown) => log.warn({ error }, 'what the line was used for cannot be kept'));
      keepMeter();
    });
  };
  keepMeter();
  return {
    routes: registryRoutes({
      mirror,
      images,
      mayPull: (upstream, request) => mayPull(parts, upstream, request),
      send: parts.send,
      log,
    }),
    ...{ wanted, wan, desk: createImageDesk({ ...parts, wanted }), view: () => viewImages({ revisions, wanted }) },
    files: imageFileRoutes({ images, addresses: parts.addresses, store: parts.store }),
    start: follow.start,
    stop: async () => {
      follow.stop();
      keeping?.();
      wan.stop();
      await wanted.stop();
      upstreams.stop();
      await meter.write(wan.now()).catch(() => undefined);
    },
  };
}

/** One client per registry of the revision in force; one that changed is made anew. */
function createUpstreams({ revisions, secrets, clock, random, log }: ImageMirrorParts, wan: Wan) {
  const made = new Map<UpstreamName, { readonly by: string; readonly registry: UpstreamRegistry }>();
  return {
    find: ({ upstream }: RepositoryKey): UpstreamRegistry | undefined => {
      const settings = revisions.current()?.images?.upstreams.find(({ name }) => name === upstream);
      if (!settings) return undefined;
      const by = JSON.stringify(settings);
      const known = made.get(upstream);
      if (known?.by === by) return known.registry;
      known?.registry.close();
      const credentials = () => credentialsOf(settings, secrets);
      const asked = rememberUnknown(createUpstream(settings, { clock, random, log, credentials }), clock);
      const registry = governed(asked, wan);
      made.set(upstream, { by, registry });
      return registry;
    },
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

/** Its blobs come no faster than the line may be used. */
function governed(registry: UpstreamRegistry, wan: Wan): UpstreamRegistry {
  return {
    ...registry,
    blobSource: (repository, digest) => {
      const source = registry.blobSource(repository, digest);
      const deliver: BlobSource['deliver'] = async (request) => {
        const delivery = await source.deliver(request);
        async function* chunks(): AsyncGenerator<Uint8Array> {
          for await (const chunk of delivery.chunks) {
            await wan.take(chunk.length, request.priority(), request.signal);
            yield chunk;
          }
        }
        return { ...delivery, chunks: chunks() };
      };
      return { label: source.label, deliver };
    },
  };
}

/** Whether who asks fills a slot of this site, by the wire or by its lease, where only such machines may pull. */
async function mayPull(
  { addresses, arp, clock, revisions, store }: ImageMirrorParts,
  upstream: Upstream,
  request: { readonly ip: string },
): Promise<Result<void, string>> {
  if (upstream.access === 'anyone') return ok(undefined);
  const { address, lease } = findPeer(request.ip, '', addresses(), store.state);
  const neighbour = (await arp.entries()).get(address);
  const networks = Object.values(revisions.current()?.networks ?? {});
  const { mac } = identify({ address, neighbour, lease, networks, now: clock.now() });
  const machine = mac && store.state.machineWith('mac', mac);
  if (machine && store.state.bindingOfMachine(machine.id)) return ok(undefined);
  return err(`images of ${upstream.name} are for machines that fill a slot of this site`);
}

function followRevision(
  { addresses, config, clock, log, revisions }: ImageMirrorParts,
  wanted: RunningWanted,
): { readonly start: (http: HttpServer) => void; readonly stop: Cancel } {
  const served = new Set<string>();
  let seen: string | undefined;
  let timer: Cancel | undefined;
  const look = async (http: HttpServer): Promise<void> => {
    const revision = revisions.current();
    if (revision?.images) await serve(http);
    if (revision && revision.digest !== seen) {
      seen = revision.digest;
      wanted.changed();
    }
  };
  const serve = async (http: HttpServer): Promise<void> => {
    for (const { address } of ownAddresses(addresses())) {
      if (served.has(address)) continue;
      served.add(address);
      await http.listen({ address, port: config.ports.registry });
    }
  };
  const again = (http: HttpServer): void => {
    timer = clock.after(LOOK_MS, () => {
      look(http)
        .catch((error: unknown) => log.error({ error }, 'the registry is not served at its own port'))
        .finally(() => timer && again(http));
    });
  };
  return {
    start: again,
    stop: () => {
      timer?.();
      timer = undefined;
    },
  };
}

function meterFile(path: string) {
  return {
    read: async (): Promise<{ readonly used?: MonthlyUse }> => {
      const text = await readText(path);
      const [, month, bytes] = /^\{"month":"(\d{4}-\d{2})","bytes":(\d{1,15})\}\n$/.exec(text ?? '') ?? [];
      return month === undefined ? {} : { used: { month, bytes: Number(bytes) } };
    },
    write: ({ month, bytes }: MonthlyUse): Promise<void> => writeAtomic(path, `${JSON.stringify({ month, bytes })}\n`),
  };
}

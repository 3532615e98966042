import { join } from 'node:path';
import type { HttpServer, Routes } from '../adapters/http/server.ts';
import type { Digest } from '../kernel/digest.ts';
import type { RepositoryKey, UpstreamName } from '../kernel/image-name.ts';
import type { Cancel, Clock, Log, Random } from '../kernel/ports.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { BlobIntake, ContentStore } from '../model/content.ts';
import type { Upstream } from '../model/images.ts';
import { findPeer } from '../model/peer.ts';
import { identify } from '../model/requester.ts';
import type { NeighbourTable, RevisionSource, SecretSource, SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import type { Wan } from '../model/wan-port.ts';
import type { ImageView } from '../wire/api/images.ts';
import type { SiteConfig } from './config.ts';
import { createSender, STALL_MS } from './content/send-range.ts';
import type { RunningContentStore } from './content/settings.ts';
import { createImageDesk, viewImages } from './image-desk.ts';
import { type ImageFileRoutes, imageFileRoutes } from './image-files.ts';
import type { ImageDesk } from './image-routes.ts';
import { createUpstreams } from './image-upstreams.ts';
import { createNoteComplete, keptImages, wantedHere } from './image-wants.ts';
import { createIndexFiles } from './index-files.ts';
import { createImageMeter } from './registry/meter.ts';
import { createMirror } from './registry/mirror.ts';
import { groupsIn } from './registry/policy/groups.ts';
import { whyNotPrefetch } from './registry/policy/pacing.ts';
import { createPulls, type Pull } from './registry/pulls.ts';
import { openRepositories } from './registry/repositories.ts';
import { registryRoutes } from './registry/routes.ts';
import { createWanted, type RunningWanted, type WantedState } from './registry/wanted.ts';
import { createRegistryListeners } from './registry-listeners.ts';
import { createVerifyDesk } from './verify-desk.ts';
import { startDelayMs } from './wan/policy/rules.ts';

export type ImageMirrorParts = {
  readonly config: SiteConfig;
  readonly content: ContentStore & BlobIntake & Pick<RunningContentStore, 'group' | 'scrub'>;
  readonly revisions: RevisionSource;
  readonly secrets: SecretSource;
  readonly store: Store;
  readonly addresses: () => readonly SiteAddress[];
  readonly arp: NeighbourTable;
  readonly wan: Wan;
  /** A client took an image, or what it lacked of it. */
  readonly onPulled: (pull: Pull) => void;
  /** Hears how long a client waited for the first byte of a blob, and whether that was here. */
  readonly onFirstByte: (seconds: number, isHere: boolean) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** What the mirror did since its start, and how it stands. */
export type ImageFigures = {
  /** To clients. */
  readonly sentBytes: number;
  readonly fetchedBytes: ReadonlyMap<UpstreamName, number>;
  readonly upstreams: readonly { readonly name: UpstreamName; readonly isAway: boolean }[];
  readonly wanted: readonly WantedState[];
};

/** The registry beside the nodes, and what it fetches before anybody asks. */
export interface ImageMirror {
  readonly routes: Routes;
  /** For people and programs, below `/api/v1/images`. */
  readonly files: ImageFileRoutes;
  readonly wanted: RunningWanted;
  /** Whether it is part of an image and of nothing that machines boot: then it is given out by the routes of the registry alone. */
  readonly isOfImage: (digest: Digest) => boolean;
  readonly desk: ImageDesk;
  /** Wanted images, as people see them. */
  view(): readonly ImageView[];
  figures(): ImageFigures;
  /** Follows the revision in force from now on, and serves at the port of the registry while there is something to serve. */
  start(http: HttpServer): void;
  stop(): Promise<void>;
}

/** How soon a new revision is seen. */
const LOOK_MS = 1_000;

/** Rejects with an AppError if its files cannot be read. */
export async function openImageMirror(parts: ImageMirrorParts): Promise<ImageMirror> {
  const { config, content, revisions, clock, random, log } = parts;
  const images = () => revisions.current()?.images;
  const meter = createImageMeter(parts);
  const repositories = await openRepositories(createIndexFiles(join(config.dataDir, 'images')), log);
  content.group({
    groups: () => groupsIn(repositories.all().map(({ known }) => known)),
    onGone: (digests) => {
      repositories
        .forget(digests)
        .catch((error: unknown) => log.warn({ error }, 'what is known of images is not written'));
    },
  });
  const upstreams = createUpstreams({ ...parts, meter });
  // A tenth more or less, so that three thousand sites do not ask for one tag in the same second.
  const tagsFreshMs = () => (images()?.tagsFreshSeconds ?? 0) * 1_000 * (0.9 + 0.2 * random.unit());
  const isOpen = ({ upstream }: RepositoryKey): boolean =>
    images()?.upstreams.find(({ name }) => name === upstream)?.access === 'anyone';
  const mirror = createMirror({ content, repositories, upstream: upstreams.find, isOpen, tagsFreshMs, clock, log });
  const wanted = createWanted({
    alsoKept: () => keptImages(parts),
    ...{ mirror, repositories, content, tagsFreshMs, clock, random, log },
    wanted: () => wantedHere(parts),
    onComplete: createNoteComplete(parts),
    whyNotNow: ({ image }) => whyNotPrefetch(upstreams.find(image)?.quota()),
    startDelayMs: () => {
      const revision = revisions.current();
      return startDelayMs(config.site, revision?.digest ?? '', revision?.wan?.spreadSeconds ?? 0);
    },
  });
  const follow = followRevision(parts, wanted);
  const pulls = createPulls({ clock, onPulled: parts.onPulled });
  return {
    routes: registryRoutes({
      mirror,
      images,
      mayPull: (upstream, request) => mayPull(parts, upstream, request),
      send: createSender({ clock, log, onProgress: pulls.sent, stallMs: STALL_MS }),
      onManifest: pulls.asked,
      ...{ meter, log },
    }),
    ...{
      wanted,
      desk: createImageDesk({ ...parts, wanted, meter, verify: createVerifyDesk({ ...parts, wanted }) }),
      view: () => viewImages({ revisions, wanted }),
    },
    isOfImage: (digest) =>
      // What machines boot by is nearly all that is asked for, and found at once; the other walks all that is known of images.
      !revisions.current()?.assets.some((asset) => asset.digest === digest) && repositories.hasAnywhere(digest),
    figures: () => ({
      ...{ sentBytes: meter.sentBytes, fetchedBytes: meter.fetchedBytes },
      ...{ upstreams: upstreams.states(), wanted: wanted.states() },
    }),
    files: imageFileRoutes({ ...parts, images, repositories, wanted }),
    start: follow.start,
    stop: async () => {
      follow.stop();
      pulls.stop();
      await wanted.stop();
      upstreams.stop();
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
  const serve = createRegistryListeners({ addresses, port: config.ports.registry, log });
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
  let isStopped = false;
  const run = (http: HttpServer): void => {
    look(http)
      .catch((error: unknown) => log.error({ error }, 'the registry is not served at its own port'))
      .finally(() => {
        if (!isStopped) timer = clock.after(LOOK_MS, () => run(http));
      });
  };
  return {
    start: run,
    stop: () => {
      isStopped = true;
      timer?.();
    },
  };
}

import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../kernel/errors.ts';
import { formatImageReference, type ImageReference, parseImageReference } from '../kernel/image-name.ts';
import type { Log } from '../kernel/ports.ts';
import type { BlobIntake, ContentStore } from '../model/content.ts';
import type { Images } from '../model/images.ts';
import { findPeer } from '../model/peer.ts';
import { ownAddresses, registryHost, type SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import { type ClientConfigView, IMAGE_CLIENTS, type ImageClient } from '../wire/api/client-config.ts';
import { ARCHIVE_LAYOUTS, ARCHIVE_TYPE, type ArchiveLayout, type ImportView } from '../wire/api/images.ts';
import { isMirrored } from './image-wants.ts';
import { exportImages } from './registry/export.ts';
import { importImages } from './registry/import.ts';
import { clientConfig } from './registry/policy/client-config.ts';
import type { Repositories } from './registry/repositories.ts';
import type { RunningWanted } from './registry/wanted.ts';

export type ImageFileParts = {
  readonly images: () => Images | undefined;
  readonly addresses: () => readonly SiteAddress[];
  readonly store: Pick<Store, 'state'>;
  readonly content: ContentStore & BlobIntake;
  readonly repositories: Repositories;
  readonly wanted: Pick<RunningWanted, 'states' | 'changed'>;
  readonly log: Log;
};

/**
 * Adds the routes below `/api/v1/images` that give and take files. Images of any registry go out and come in there, so that
 * is for the control socket alone.
 */
export type ImageFileRoutes = (app: FastifyInstance, assertTerminal: (request: IncomingMessage) => void) => void;

/** What a question may say. */
type Asked = Partial<Record<'client' | 'network' | 'fallback' | 'image' | 'layout' | 'as', unknown>>;

export function imageFileRoutes(parts: ImageFileParts): ImageFileRoutes {
  return (app, assertTerminal) => {
    const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
      assertTerminal(request.raw);
      done();
    };
    app.get('/api/v1/images/client-config', (request) => answerConfig(parts, request));
    app.get('/api/v1/images/export', { onRequest }, (request, reply) => sendArchive(parts, request, reply));
    // As large as a stick is, so it is read as it comes.
    app.addContentTypeParser(ARCHIVE_TYPE, (_request, body, done) => done(null, body));
    app.post('/api/v1/images/import', { onRequest }, (request) => takeArchive(parts, request));
  };
}

/** @throws AppError `usage-invalid`, `not-found` */
function answerConfig({ images, addresses, store }: ImageFileParts, request: FastifyRequest): ClientConfigView {
  const { client, network, fallback } = request.query as Asked;
  const upstreams = images()?.upstreams ?? [];
  if (upstreams.length === 0)
    throw new AppError(
      'not-found',
      'this site mirrors no images: its template names no registry in `images.upstreams`',
    );
  const sites = ownAddresses(addresses());
  const site =
    network === undefined
      ? findPeer(request.ip, request.socket.localAddress ?? '', sites, store.state).site
      : sites.find((one) => one.network === network);
  if (!site)
    throw new AppError(
      'usage-invalid',
      `expected a network of this site: ${sites.map((one) => one.network).join(', ')}`,
    );
  const mirror = registryHost(site);
  return clientConfig(clientsIn(client), { mirror, upstreams, fallback: fallback !== 'no' });
}

function clientsIn(asked: unknown): readonly ImageClient[] {
  if (asked === undefined) return IMAGE_CLIENTS;
  const client = IMAGE_CLIENTS.find((one) => one === asked);
  if (!client) throw new AppError('usage-invalid', `expected a client of ${IMAGE_CLIENTS.join(', ')}`);
  return [client];
}

/** @throws AppError `usage-invalid`, `not-found`, `asset-unavailable` */
async function sendArchive(parts: ImageFileParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { image, layout = 'oci' } = request.query as Asked;
  const { sizeBytes, chunks } = exportImages(imagesNamed([image ?? []].flat(), parts), layoutOf(layout), parts);
  // Where a byte is not what it was the connection is cut: a body that is too short is no archive to whoever counts.
  return reply
    .header('content-length', sizeBytes)
    .type(ARCHIVE_TYPE)
    .send(Readable.from(chunks(), { objectMode: false }));
}

function layoutOf(asked: unknown): ArchiveLayout {
  const layout = ARCHIVE_LAYOUTS.find((one) => one === asked);
  if (!layout) throw new AppError('usage-invalid', `expected a layout of ${ARCHIVE_LAYOUTS.join(', ')}`);
  return layout;
}

/** Of none, all that are wanted here. */
function imagesNamed(names: readonly unknown[], { wanted }: ImageFileParts): readonly ImageReference[] {
  const kept = wanted.states().map(({ image }) => image);
  if (names.length === 0 && kept.length === 0)
    throw new AppError('not-found', 'no image is wanted here: name those that are to be exported');
  if (names.length === 0) return kept.map(({ image }) => image);
  return names.map((name) => {
    const image = kept.find((one) => one.name === name)?.image ?? parseImageReference(String(name));
    if (!image) throw new AppError('usage-invalid', `${JSON.stringify(name)} is no name of an image`);
    return image;
  });
}

/** @throws AppError as `importImages` does */
async function takeArchive(parts: ImageFileParts, request: FastifyRequest): Promise<ImportView> {
  const { as } = request.query as Asked;
  const name = as === undefined ? undefined : parseImageReference(String(as));
  if (as !== undefined && !name)
    throw new AppError(
      'usage-invalid',
      `${JSON.stringify(as)} is no name of an image, such as registry.example.com/app:1`,
    );
  const body = request.body as Readable | null | undefined;
  if (!body) throw new AppError('usage-invalid', `an archive is sent as ${ARCHIVE_TYPE}`);
  const { images, refused } = await importImages(body.iterator({ destroyOnReturn: false }), name, {
    ...parts,
    isMirrored: (image) => isMirrored(image, parts.images()),
  });
  const named = images.map(({ image, digest }) => ({ image: formatImageReference(image), digest: `sha256:${digest}` }));
  parts.log.info({ images: named, refused }, 'an archive of images was taken in');
  parts.wanted.changed({ now: true });
  return { images: named, refused };
}

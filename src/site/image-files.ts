import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../kernel/errors.ts';
import type { Images } from '../model/images.ts';
import { findPeer } from '../model/peer.ts';
import { ownAddresses, registryHost, type SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import { type ClientConfigView, IMAGE_CLIENTS, type ImageClient } from '../wire/api/client-config.ts';
import { clientConfig } from './registry/policy/client-config.ts';

export type ImageFileParts = {
  readonly images: () => Images | undefined;
  readonly addresses: () => readonly SiteAddress[];
  readonly store: Pick<Store, 'state'>;
};

/** Adds the routes below `/api/v1/images` that give and take files. */
export type ImageFileRoutes = (app: FastifyInstance) => void;

/** What a question may say; each at most once. */
type Asked = Partial<Record<'client' | 'network' | 'fallback', unknown>>;

export function imageFileRoutes(parts: ImageFileParts): ImageFileRoutes {
  return (app) => {
    app.get('/api/v1/images/client-config', (request) => answerConfig(parts, request));
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

import type { ListenAt, TlsFiles } from '../adapters/http/listen.ts';
import { createHttpServer, type HttpServer } from '../adapters/http/server.ts';
import { readPage } from '../adapters/node/page-bundle.ts';
import type { Clock, Log, Random } from '../kernel/ports.ts';
import type { HubStore } from '../model/fleet/hub-store.ts';
import type { PageFile } from '../model/page-file.ts';
import { type AdminDesks, adminGroups } from './admin-groups.ts';
import { Door } from './api/door.ts';
import { Feed } from './api/feed.ts';
import { FleetIndex } from './api/fleet-index.ts';
import { registerFleetPage } from './api/page.ts';
import { changedViews } from './api/policy/changed-views.ts';
import { registerAdmin } from './api/routes.ts';
import { watchStore } from './api/watched-store.ts';

export type AdminSettings = {
  readonly address: string;
  readonly port: number;
  readonly tls?: TlsFiles;
  /** Names by which browsers open it, beside addresses. */
  readonly names: readonly string[];
  readonly controlSocket: string;
};

export type AdminDeps = {
  readonly store: HubStore;
  readonly feed: Feed;
  readonly desks: Omit<AdminDesks, 'random' | 'now' | 'version'>;
  readonly settings: AdminSettings;
  readonly version: string;
  readonly notReady: () => readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** The store as all of the hub uses it; the list of sites that follows it, and the feed that tells pages what it has changed. */
export function openFeed(store: HubStore, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
  const feed = new Feed(clock, Buffer.from(random.bytes(6)).toString('hex'));
  const index = new FleetIndex(store);
  const watched = watchStore(store, (changes) => {
    index.note(changes);
    feed.note(changedViews(changes));
  });
  return { feed, index, store: watched };
}

/** The admin API on its port and on the control socket. Rejects with an AppError if one cannot be opened; none is then. */
export async function startAdmin(deps: AdminDeps): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const http = await createAdminServer(deps);
  const { settings, log } = deps;
  try {
    await http.listen({ socketPath: settings.controlSocket });
    const port = await http.listen(placeOf(settings));
    if (!settings.tls && !isLoopback(settings.address))
      log.warn(
        { address: settings.address },
        'the admin API is open to the network without TLS: whoever listens there reads tokens (`admin.tls` in the hub file)',
      );
    return { port, stop: () => http.close() };
  } catch (error) {
    await http.close(0);
    throw error;
  }
}

/** The server without its sockets, as tests ask it. */
export async function createAdminServer(deps: AdminDeps): Promise<HttpServer> {
  const { store, feed, clock, random, log, settings, version, notReady } = deps;
  const now = () => clock.now();
  const door = new Door({
    ...{ store, clock, names: settings.names },
    isControl: (request) => http.isControl(request.socket),
    onRefused: (because, remote) => log.warn({ remote, because }, 'the admin API refused a request'),
  });
  const routes = adminGroups({ ...deps.desks, random, now, version });
  let page: Promise<readonly PageFile[]> | undefined;
  // Made when somebody first asks for it: from a checkout that takes a moment.
  const files = (): Promise<readonly PageFile[]> => {
    page ??= readPage('fleet');
    return page;
  };
  const http: HttpServer = await createHttpServer({
    log,
    routes: [
      (app) => registerAdmin(app, { store, now, door, routes, feed, version, notReady }),
      (app) => registerFleetPage(app, files),
    ],
  });
  return http;
}

function placeOf({ address, port, tls }: AdminSettings): ListenAt {
  return { address, port, ...(tls && { tls }) };
}

function isLoopback(address: string): boolean {
  return address === '::1' || address === 'localhost' || address.startsWith('127.');
}

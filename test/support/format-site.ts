import type { FastifyInstance } from 'fastify';
import { createHttpServer, type HttpServer } from '../../src/adapters/http/server.ts';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import { bindingKey } from '../../src/model/boot.ts';
import { TEMPLATE_SURROUNDINGS } from '../../src/model/dhcp-role.ts';
import type { MachineId } from '../../src/model/machine.ts';
import { ARMED, type Order, type OrderId } from '../../src/model/order.ts';
import type { Document, Profile, Revision } from '../../src/model/revision.ts';
import type { SiteAddress } from '../../src/model/site-ports.ts';
import type { Change } from '../../src/model/store.ts';
import { metadataRoutes } from '../../src/site/metadata/routes.ts';
import { nodesRoutes } from '../../src/site/nodes/routes.ts';
import { CountingSignals } from './counting-signals.ts';
import type { World } from './format-clients.ts';
import {
  leaseChange,
  POS_ADDRESS,
  POS_MAC,
  POS_UUID,
  SampleClock,
  SampleLog,
  SampleNeighbours,
  SampleStore,
  SITE,
  sampleLease,
  sampleProfile,
  sampleRevision,
  sampleSecrets,
  sampleSlot,
  sampleTokens,
  T0,
} from './sample-site.ts';

/** A site in memory for the clients of `format-clients.ts`: one machine, known by its MAC, with an address. */
export const ID = '52-54-00-00-00-01';
const machine = 'm1' as MachineId;
export const TEXTS = {
  talos: 'version: v1alpha1\nmachine: {}\n',
  ignition: '{"ignition": {"version": "3.3.0"}}\n',
  preseed: 'd-i debian-installer/locale string en_GB\n',
  kickstart: 'reboot\n',
  'user-data': '#cloud-config\nautoinstall: { version: 1 }\n',
};
const documents = Object.fromEntries(
  Object.entries(TEXTS).map(([name, text]) => [name, { kind: 'text', text, fill: true, secret: false } as Document]),
);
export const INSTALLING: Partial<Profile> = {
  kind: 'install',
  install: { completes: 'api', attempts: 3, withinSeconds: 2_700 },
};

export function orderRow(changes: Partial<Order> = {}): Change {
  const row: Order = {
    ...{ id: 'o1' as OrderId, slot: 'pos-1', binding: 1, profile: sampleProfile().digest },
    ...{ by: { kind: 'person', name: 'cli' }, createdAt: T0, expiresAt: T0 + 86_400_000 },
    ...{ attempts: 0, maxAttempts: 3, wipe: false, state: { kind: 'open' } },
    ...changes,
  };
  return { table: 'orders', key: row.id, row };
}

export function withProfile(changes: Partial<Profile>): Revision {
  const match = [{ mac: POS_MAC }, { uuid: POS_UUID }, { serial: 'CZC123' }];
  return sampleRevision({
    slots: { 'pos-1': sampleSlot({ match, profile: sampleProfile({ documents, ...changes }) }) },
  });
}

/** No machine has a slot. */
export const EMPTY = sampleRevision({ slots: {} });

export type FormatSite = Awaited<ReturnType<typeof createFormatSite>>;

/** Where the machine and the site are, for clients that come by a socket, and the secrets of the site. */
export type Place = {
  readonly address: Ipv4;
  readonly site: () => SiteAddress;
  readonly secrets: Readonly<Record<string, string>>;
};
const somewhere: Place = { address: POS_ADDRESS, site: () => SITE, secrets: {} };

/** A site with this revision, or one that is still starting; `later` happens at its time. */
export async function createFormatSite(
  first: Revision | undefined,
  later?: { readonly atMs: number; readonly run: () => void },
  { address, site, secrets }: Place = somewhere,
) {
  const evidence = [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }] as const;
  const store = new SampleStore([
    leaseChange(sampleLease({ address, expiresAt: T0 + 86_400_000 })),
    { table: 'machines', key: machine, row: { id: machine, evidence } },
    {
      table: 'bindings',
      key: bindingKey('pos-1', 1),
      row: { slot: 'pos-1', number: 1, machine, since: T0, health: 'waiting' },
    },
    { table: 'marks', key: ARMED, row: { at: T0, by: 'cli' } },
  ]);
  const clock = new SampleClock();
  const neighbours = new SampleNeighbours();
  neighbours.set(address, POS_MAC);
  const signals = new CountingSignals(store, machine);
  const log = new SampleLog();
  const now = { revision: first };
  const deps = {
    ...{
      store,
      signals,
      log,
      clock,
      tokens: sampleTokens,
      arp: neighbours,
      surroundings: TEMPLATE_SURROUNDINGS,
      secrets: sampleSecrets(secrets),
    },
    revisions: { current: () => now.revision },
    addresses: () => [site()],
  };
  const asked: string[] = [];
  const agents = new Set<string | undefined>();
  const heardRoutes = (app: FastifyInstance) => {
    app.addHook('onRequest', async (request) => {
      asked.push(request.url);
      agents.add(request.headers['user-agent']);
    });
    metadataRoutes(deps)(app);
  };
  // A client that is a program of its own waits by this.
  const timeRoute = (app: FastifyInstance) => {
    app.get('/test/wait/:ms', async (request) => {
      clock.pass(Number((request.params as { readonly ms: string }).ms));
      return 'ok';
    });
  };
  const server: HttpServer = await createHttpServer({ log, routes: [heardRoutes, nodesRoutes(deps), timeRoute] });
  if (later) clock.after(later.atMs, later.run);
  const world: World = {
    ask: async (url, headers = {}) => {
      const reply = await server.app.inject({ method: 'GET', url, headers, remoteAddress: address });
      const after = reply.headers['retry-after'];
      return {
        ...{ status: reply.statusCode, body: reply.body },
        ...(after === undefined ? {} : { retryAfterSeconds: Number(after) }),
      };
    },
    wait: async (ms) => clock.pass(ms),
  };
  return { world, now, store, signals, asked, agents, log, server, neighbours };
}

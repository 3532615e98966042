import { createHttpServer } from '../adapters/http/server.ts';
import { AppError } from '../kernel/errors.ts';
import type { Clock, Log, Random } from '../kernel/ports.ts';
import { ok } from '../kernel/result.ts';
import type { ContentStore } from '../model/content.ts';
import { TEMPLATE_SURROUNDINGS } from '../model/dhcp-role.ts';
import type { Revision } from '../model/revision.ts';
import type { LoaderTable, SiteAddress, TokenMint } from '../model/site-ports.ts';
import { createState } from '../model/state.ts';
import type { SiteState, Store } from '../model/store.ts';
import { bootRoutes, createBootDesk } from './boot/routes.ts';
import { createBootFiles } from './boot-files.ts';
import { assetRoutes } from './content/routes.ts';
import { DRY_MAC, DRY_NOW, dryAddress } from './dry-machine.ts';
import { metadataRoutes } from './metadata/routes.ts';
import { normaliseName } from './tftp/policy/names.ts';
import type { BootFile } from './tftp/ports.ts';

/** What a dry site serves from. */
export type DryParts = {
  readonly siteName: string;
  readonly content: Pick<ContentStore, 'open' | 'stateOf'>;
  readonly loaders: LoaderTable;
  readonly random: Random;
};

export type DryAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
};

/**
 * The rooms that answer machines, by a revision that need not be in force, over facts that are made up: nothing is
 * written down, told to anybody, or sent. It answers as the site would, for it is the same code.
 */
export interface DrySite {
  /** Where machines meet it from now on, and what it knows of them. */
  stand(at: SiteAddress, state?: SiteState): void;
  http(method: 'GET' | 'HEAD', path: string, headers?: Readonly<Record<string, string>>): Promise<DryAnswer>;
  /** By TFTP, under the name that is asked for; undefined: there is no such file. */
  find(asked: string): Promise<BootFile | undefined>;
  close(): Promise<void>;
}

const CLIENT_PORT = 2_070;
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const clock: Clock = { now: () => DRY_NOW, monotonic: () => 0, after: () => () => undefined };
const deaf = { observe: () => undefined, record: async () => undefined };
/** A token of this mint opens nothing anywhere else: it is the word that it says. */
const tokens: TokenMint = {
  mint: ({ use }) => `dry-${use}`,
  verify: (token) =>
    token === 'dry-read' || token === 'dry-report'
      ? { use: token === 'dry-read' ? 'read' : 'report', mac: DRY_MAC, issuedAt: DRY_NOW }
      : undefined,
};

export async function createDrySite(revision: Revision, parts: DryParts): Promise<DrySite> {
  const { siteName, loaders, random } = parts;
  let site: SiteAddress | undefined;
  let facts: SiteState = createState();
  const store = dryStore(() => facts);
  const content = readOnly(parts.content);
  const addresses = (): readonly SiteAddress[] => (site ? [site] : []);
  const arp = {
    entries: async () => new Map(site ? [[dryAddress(site), { mac: DRY_MAC, complete: true }] as const] : []),
  };
  const deps = {
    ...{ siteName, store, revisions: { current: () => revision, get: () => revision }, content, tokens },
    ...{ signals: deaf, addresses, arp, surroundings: TEMPLATE_SURROUNDINGS, clock, log: silent, random },
  };
  // What a secret is, is another matter: here each has a value.
  const secrets = {
    read: async (names: readonly string[]) => ok(Object.fromEntries(names.map((name) => [name, 'dry']))),
    lack: () => undefined,
  };
  const desk = createBootDesk({ ...deps, secrets, admission: { ask: () => undefined } });
  const onProgress = () => undefined;
  const server = await createHttpServer({
    log: silent,
    routes: [
      bootRoutes(desk),
      metadataRoutes({ ...deps, secrets }),
      assetRoutes({ content, loaders, clock, log: silent, onProgress }),
    ],
  });
  const raspberryPi = () => revision.raspberryPi;
  const files = createBootFiles({ loaders, content, desk, clock, onProgress, raspberryPi });
  return {
    stand: (at, state = createState()) => {
      site = at;
      facts = state;
    },
    http: async (method, url, headers = {}) => {
      const remoteAddress = site ? dryAddress(site) : '127.0.0.1';
      const response = await server.app.inject({ method, url, headers, remoteAddress });
      return { status: response.statusCode, headers: response.headers, body: response.body };
    },
    find: async (asked) =>
      site && files.find(normaliseName(asked), { address: dryAddress(site), port: CLIENT_PORT }, asked),
    close: () => server.close(),
  };
}

function dryStore(facts: () => SiteState): Store {
  return {
    get state() {
      return facts();
    },
    ...{ epoch: 'dry', lastSeq: 0 },
    commit: async () => undefined,
    events: async () => [],
    onEvent: () => () => undefined,
    prune: async () => ({ events: 0, unacked: 0, boots: 0 }),
    close: async () => undefined,
  };
}

function readOnly(content: DryParts['content']): ContentStore {
  return {
    open: (digest) => content.open(digest),
    stateOf: (digest) => content.stateOf(digest),
    ensure: async () => undefined,
    fetch: async () => undefined,
    follow: async () => {
      throw new AppError('asset-unavailable', 'nothing is fetched in a trial');
    },
    pin: async () => undefined,
  };
}

import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { access, constants, readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { askSite } from '../adapters/http/control-client.ts';
import { answersTime } from '../adapters/node/ask-time.ts';
import { systemClock } from '../adapters/node/clock.ts';
import { systemDevices } from '../adapters/node/interfaces.ts';
import { createUdpPort } from '../adapters/node/udp.ts';
import { AppError } from '../kernel/errors.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { Log } from '../kernel/ports.ts';
import type { Revision } from '../model/revision.ts';
import type { SiteStatus } from '../wire/api/views.ts';
import type { SiteConfig } from './config.ts';
import { blobPath, layoutOf } from './content/layout.ts';
import { parseLoaderManifest } from './content/loader-manifest.ts';
import { notServed } from './doctor-served.ts';
import { serversOf } from './doctor-servers.ts';
import { parseIdentity } from './link/identity/kept.ts';
import { readLoaderManifest } from './loader-manifest-file.ts';
import type { Found } from './preflight/result.ts';
import type { RunningSite, World } from './preflight/world.ts';

const TIME_ANSWER_MS = 500;
const ARPING_SECONDS = 2;

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** This machine, and the site that may run on it. */
export function doctorWorld(config: SiteConfig, revision: Revision | undefined, env: NodeJS.ProcessEnv): World {
  const socket = join(env['RUNTIME_DIRECTORY'] ?? config.runtimeDir, 'control.sock');
  const status = statusOf(socket);
  return {
    now: systemClock.now,
    interfaces: () =>
      systemDevices().map(({ name, addresses, hasCarrier }) => ({
        ...{ name, addresses: addresses.map(({ address }) => address) },
        prefixes: Object.fromEntries(addresses.map(({ address, prefix }) => [address, prefix])),
        ...(hasCarrier === undefined ? {} : { hasCarrier }),
      })),
    cannotBind: (protocol, address, port) =>
      protocol === 'udp' ? cannotBindUdp(address, port) : cannotBindTcp(address, port),
    addressTaken,
    otherServers: async ({ name }, own) => serversOf(await status, revision?.networks[name], own),
    kernelLimit,
    disk: async (dir) => {
      const { bavail, bsize, files, ffree } = await statfs(await existing(dir));
      // Some file systems make inodes as they are needed, and count none.
      return { freeBytes: bavail * bsize, ...(files > 0 ? { freeFiles: ffree } : {}) };
    },
    cannotWrite,
    runningSite: async () => runningOf(await status),
    missingLoaders: async () => missingLoaders(config.dataDir),
    notServed: async () => {
      const view = await status;
      return notServed(config, revision, 'seen' in view ? view.seen : undefined, env);
    },
    certificates: () => certificatesOf(config),
    answersTime: (address) => answersTime(address, TIME_ANSWER_MS),
  };
}

type Status = Found<SiteStatus | undefined>;

async function statusOf(socket: string): Promise<Status> {
  try {
    await access(socket, constants.R_OK | constants.W_OK);
    return { seen: await askSite<SiteStatus>(socket, '/api/v1/status') };
  } catch (error) {
    const isHidden = (error as NodeJS.ErrnoException).code === 'EACCES';
    if (isHidden) return { unseen: `whether a site runs: this user may not look into ${dirname(socket)}` };
    return { seen: undefined };
  }
}

function runningOf(status: Status): Found<RunningSite | undefined> {
  if ('unseen' in status || !status.seen) return status as Found<undefined>;
  const { site, notReady, templateRefused, missingSecrets, doubt, alarms } = status.seen;
  const troubles = [
    ...(templateRefused === undefined ? [] : [`the template on disk is not in force: ${templateRefused}`]),
    ...(doubt === undefined ? [] : [doubt]),
    ...(missingSecrets.length > 0 ? [`nobody has set the secrets ${missingSecrets.join(', ')}`] : []),
    ...alarms.map(({ sentence }) => sentence.replace(/\.$/, '')),
  ];
  return { seen: { site, notReady, troubles } };
}

async function cannotBindUdp(address: Ipv4, port: number): ReturnType<World['cannotBind']> {
  try {
    const socket = await createUdpPort(silent).open(
      { address, port },
      { onDatagram: () => undefined, onSendError: () => undefined },
    );
    await socket.close();
    return undefined;
  } catch (thrown) {
    const error = AppError.from(thrown);
    return { because: error.message, notAllowed: error.code === 'permission-denied' };
  }
}

function cannotBindTcp(host: string, port: number): ReturnType<World['cannotBind']> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      resolve({ because: code ?? message, notAllowed: code === 'EACCES' || code === 'EPERM' }),
    );
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

/** Duplicate address detection of RFC 5227, which needs a raw socket and therefore a program: 0 is nobody, 1 somebody. */
function addressTaken(device: string, address: Ipv4): Promise<Found<boolean>> {
  const args = ['-D', '-q', '-c', String(ARPING_SECONDS), '-w', String(ARPING_SECONDS), '-I', device, address];
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return new Promise((resolve) => {
    execFile('arping', args, { env: { ...process.env, PATH: path }, timeout: 10_000 }, (error, _, said) => {
      if (error === null) return resolve({ seen: false });
      if (error.code === 1 && said === '') return resolve({ seen: true });
      const why =
        String(error.code) === 'ENOENT' ? 'the program arping is not here' : said.trim() || 'arping cannot look';
      resolve({ unseen: why });
    });
  });
}

/** In a network namespace some settings of the machine do not show. */
async function kernelLimit(key: string): Promise<Found<number>> {
  try {
    return { seen: Number(await readFile(`/proc/sys/${key.replaceAll('.', '/')}`, 'utf8')) };
  } catch (error) {
    return { unseen: `${key} does not show here: ${(error as NodeJS.ErrnoException).code ?? String(error)}` };
  }
}

/** Asks the nearest folder that exists: making the rest is the site's business. */
async function cannotWrite(dir: string): Promise<string | undefined> {
  try {
    await access(await existing(dir), constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

async function existing(dir: string): Promise<string> {
  try {
    await access(dir);
    return dir;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(dir) === dir) throw error;
    return existing(dirname(dir));
  }
}

async function missingLoaders(dataDir: string): Promise<Awaited<ReturnType<World['missingLoaders']>>> {
  const rows = await loadersHere(dataDir);
  const kinds = [...new Set(rows.flatMap((row) => row.kinds))];
  return {
    names: rows.flatMap(({ name, isHere, canCome }) => (isHere || canCome ? [] : [name])),
    without: kinds.filter((kind) => !rows.some((row) => (row.isHere || row.canCome) && row.kinds.includes(kind))),
  };
}

type LoaderRow = {
  readonly name: string;
  readonly kinds: readonly string[];
  /** It is in the store, or where its Debian package puts it. */
  readonly isHere: boolean;
  /** A site fetches it when it starts, if the WAN is up. */
  readonly canCome: boolean;
};

async function loadersHere(dataDir: string): Promise<readonly LoaderRow[]> {
  const manifest = parseLoaderManifest(await readLoaderManifest());
  return Promise.all(
    manifest.map(async ({ asset, kinds }) => {
      const places = [
        blobPath(layoutOf(dataDir), asset.digest),
        ...asset.sources.flatMap((source) => (source.kind === 'url' ? [] : [`/${source.path.replace(/^\//, '')}`])),
      ];
      const found = await Promise.all(
        places.map((place) =>
          access(place).then(
            () => true,
            () => false,
          ),
        ),
      );
      const canCome = asset.sources.some((source) => source.kind === 'url' || 'pool' in source);
      return { name: asset.name, kinds, isHere: found.includes(true), canCome };
    }),
  );
}

/** That by which head office knows this box, and those by which the box knows head office and a proxy before it. */
async function certificatesOf({ dataDir, hub }: SiteConfig): ReturnType<World['certificates']> {
  if (!hub) return { seen: [] };
  try {
    const kept = await readIfThere(join(dataDir, 'link', 'identity.json'));
    const identity = kept === undefined ? undefined : parseIdentity(kept);
    if (identity && !identity.ok) return { unseen: identity.error };
    const own = identity
      ? [{ what: 'the certificate of this site at head office', der: identity.value.chain[0] ?? '' }]
      : [];
    const roots = identity?.value.roots.map((der) => ({ what: 'the root of head office', der })) ?? [];
    const dated = [...own, ...roots].map(({ what, der }) => ({ what, endsAt: endOf(Buffer.from(der, 'base64')) }));
    const proxy = hub.inspectionCa === undefined ? undefined : await readFile(hub.inspectionCa);
    return {
      seen: [...dated, ...(proxy ? [{ what: 'the authority of the proxy (inspectionCa)', endsAt: endOf(proxy) }] : [])],
    };
  } catch (error) {
    return { unseen: `certificates cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}` };
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function endOf(certificate: Uint8Array): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}

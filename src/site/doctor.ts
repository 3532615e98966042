import { access, constants, statfs } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
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
import { compileSite } from './compile-site.ts';
import { isStandalone, type SiteConfig } from './config.ts';
import { blobPath, layoutOf } from './content/layout.ts';
import { parseLoaderManifest } from './content/loader-manifest.ts';
import { readLoaderManifest } from './loader-manifest-file.ts';
import { type CheckResult, type Plan, runChecks, type World } from './preflight/checks.ts';
import { readSavedRevision, slotsOf } from './revision-keeper.ts';
import { readSiteConfig } from './run-site.ts';

const TIME_ANSWER_MS = 500;
const REACH_MS = 5_000;

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Looks at everything that a site needs, without changing any of it. A file that cannot be used is a finding, not a failure. */
export async function examineSite(configPath: string, env: NodeJS.ProcessEnv): Promise<readonly CheckResult[]> {
  const config = await readSiteConfig(configPath).catch((error: unknown) => AppError.from(error));
  if (config instanceof AppError) return [failed('site file', config.message, config.help)];
  const intended = await intendedBy(config);
  if ('problem' in intended) return [ok('site file', configPath), intended.problem];
  const { revision } = intended;
  const networks = Object.values(revision?.networks ?? {}).flatMap((network) => {
    const device = config.interfaces[network.name];
    const { name, subnet } = network;
    const offersTime = network.ntp.includes('site');
    return device === undefined ? [] : [{ name, interface: device, subnet, offersTime }];
  });
  const plan: Plan = {
    dataDir: config.dataDir,
    networks,
    ports: [
      { protocol: 'udp', port: 67, for: 'DHCP' },
      { protocol: 'udp', port: 4011, for: 'PXE' },
      { protocol: 'udp', port: config.ports.tftp, for: 'TFTP' },
      { protocol: 'tcp', port: config.ports.http, for: 'HTTP' },
      ...signalPorts(config),
    ],
  };
  return [
    ok('site file', configPath),
    revision ? ok('template', slotsOf(revision)) : ok('template', 'comes from head office, and is not here yet'),
    ...(await runChecks(plan, worldOf(config, env))),
    ...(await checkHeadOffice(config)),
  ];
}

/** What the site is to run: by its template, or what head office has sent last, if anything. */
async function intendedBy(
  config: SiteConfig,
): Promise<{ readonly revision: Revision | undefined } | { readonly problem: CheckResult }> {
  if (!isStandalone(config)) return { revision: await readSavedRevision(config.dataDir).catch(() => undefined) };
  const { outcome } = compileSite(config, 1);
  if (outcome.ok) return { revision: outcome.value };
  const toDo = 'Correct these lines; `slipway template lint` checks them.';
  return { problem: failed('template', outcome.error.join('\n'), toDo) };
}

/** Whether anything answers at the address of head office: a name that is wrong, or a firewall, shows before the first join. */
async function checkHeadOffice(config: SiteConfig): Promise<readonly CheckResult[]> {
  if (!config.hub) return [];
  const { hostname, port } = new URL(config.hub.url);
  const place = `${hostname}:${port === '' ? '443' : port}`;
  const why = await cannotReach(hostname.replace(/^\[|\]$/g, ''), Number(port === '' ? 443 : port));
  if (why === undefined) return [ok('head office', `something answers at ${place}`)];
  const doThis =
    'Check `hub.url`, the WAN and its firewall. A store works without head office; only a new one needs it, for its first revision.';
  return [{ name: 'head office', verdict: 'warning', says: `${place} cannot be reached: ${why}`, doThis }];
}

function cannotReach(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: REACH_MS });
    const done = (why?: string): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => done());
    socket.once('timeout', () => done(`no answer within ${REACH_MS / 1000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
}

function signalPorts({ signals }: SiteConfig): Plan['ports'] {
  const { kernelLog, eventSink } = signals;
  return [
    ...(kernelLog === undefined ? [] : [{ protocol: 'tcp', port: kernelLog, for: 'kernel logs' } as const]),
    ...(eventSink === undefined ? [] : [{ protocol: 'tcp', port: eventSink, for: 'Talos events' } as const]),
  ];
}

function worldOf(config: SiteConfig, env: NodeJS.ProcessEnv): World {
  const socket = join(env['RUNTIME_DIRECTORY'] ?? config.runtimeDir, 'control.sock');
  return {
    now: systemClock.now,
    interfaces: () =>
      systemDevices().map(({ name, addresses }) => ({ name, addresses: addresses.map(({ address }) => address) })),
    cannotBind: (protocol, address, port) =>
      protocol === 'udp' ? cannotBindUdp(address, port) : cannotBindTcp(address, port),
    freeBytes: async (dir) => {
      const { bavail, bsize } = await statfs(await existing(dir));
      return bavail * bsize;
    },
    cannotWrite,
    runningSite: () =>
      askSite<{ site: string; notReady: readonly string[] }>(socket, '/api/v1/status').catch(() => undefined),
    loaderProblems: () => loaderProblems(config.dataDir),
    answersTime: (address) => answersTime(address, TIME_ANSWER_MS),
  };
}

async function cannotBindUdp(address: Ipv4, port: number): Promise<string | undefined> {
  try {
    const socket = await createUdpPort(silent).open(
      { address, port },
      { onDatagram: () => undefined, onSendError: () => undefined },
    );
    await socket.close();
    return undefined;
  } catch (error) {
    return AppError.from(error).message;
  }
}

function cannotBindTcp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
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

/** A loader is in the store, or where its Debian package puts it. */
async function loaderProblems(dataDir: string): Promise<readonly string[]> {
  const manifest = parseLoaderManifest(await readLoaderManifest());
  const problems = manifest.map(async ({ asset }) => {
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
    return found.includes(true) ? [] : [`${asset.name} is neither in the store nor on this machine`];
  });
  return (await Promise.all(problems)).flat();
}

function ok(name: string, says: string): CheckResult {
  return { name, verdict: 'ok', says };
}

function failed(name: string, says: string, doThis: string): CheckResult {
  return { name, verdict: 'failed', says, doThis };
}

import { connect } from 'node:net';
import { BUFFER_BYTES } from '../adapters/node/udp.ts';
import { AppError } from '../kernel/errors.ts';
import { ipv4ToNumber, sizeOf } from '../kernel/ipv4.ts';
import type { Network } from '../model/network.ts';
import type { Revision } from '../model/revision.ts';
import { compileSite } from './compile-site.ts';
import { isStandalone, type SiteConfig } from './config.ts';
import { doctorWorld } from './doctor-world.ts';
import { overheardDevices } from './networks.ts';
import { runChecks } from './preflight/checks.ts';
import { type CheckResult, failed, ok, warning } from './preflight/result.ts';
import type { Plan } from './preflight/world.ts';
import { readSavedRevision, slotsOf } from './revision-keeper.ts';
import { readSiteConfig } from './run-site.ts';

const REACH_MS = 5_000;

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
    const needsServer = network.mode === 'proxy';
    const machines = machinesIn(network, revision);
    return device === undefined ? [] : [{ name, interface: device, subnet, offersTime, needsServer, machines }];
  });
  const plan: Plan = {
    dataDir: config.dataDir,
    networks,
    receiveBytes: BUFFER_BYTES,
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
    ...overheard(config),
    ...(await runChecks(plan, doctorWorld(config, revision, env))),
    ...(await checkHeadOffice(config)),
  ];
}

/** How many the template lets into a network at once, which is never more than fit into it. */
function machinesIn({ name, subnet, pool }: Network, revision: Revision | undefined): number {
  const cards = Object.values(revision?.slots ?? {}).flatMap(({ interfaces }) => Object.values(interfaces));
  const ofSlots = cards.filter(({ network }) => network === name).length;
  const ofPool = pool ? ipv4ToNumber(pool.last) - ipv4ToNumber(pool.first) + 1 : 0;
  return Math.min(ofSlots + ofPool, sizeOf(subnet));
}

/** Without sockets of their own, broadcasts of other networks are heard as those of ours. */
function overheard({ interfaces }: SiteConfig): readonly CheckResult[] {
  const others = overheardDevices(interfaces);
  if (others.length === 0) return [];
  const doThis =
    'Tie DHCP to its own device with the socket units (docs/operate/install.md), if machines boot on the others.';
  return [warning('interfaces', `DHCP hears these devices, too: ${others.join(', ')}`, doThis)];
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
  return [warning('head office', `${place} cannot be reached: ${why}`, doThis)];
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

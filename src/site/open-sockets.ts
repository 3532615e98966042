import { join } from 'node:path';
import type { HttpServer } from '../adapters/http/server.ts';
import { makePrivateDir } from '../adapters/node/files.ts';
import type { PassedSocket } from '../adapters/node/systemd-sockets.ts';
import type { Log } from '../kernel/ports.ts';
import type { Undo } from '../kernel/undo.ts';
import { ownAddresses, type SiteAddress } from '../model/site-ports.ts';
import type { SiteConfig } from './config.ts';
import type { DhcpServer } from './dhcp/server.ts';
import { overheardDevices } from './networks.ts';
import type { Receivers } from './signals/receivers.ts';
import type { TftpServer } from './tftp/server.ts';

/** Those that speak to nodes. `http` is closed by whoever made it: it has the control socket, too. */
export type Servers = {
  readonly http: HttpServer;
  readonly tftp: TftpServer;
  readonly dhcp: DhcpServer;
  readonly receivers: Receivers;
};

export type Whereabouts = {
  readonly config: SiteConfig;
  readonly addresses: readonly SiteAddress[];
  /** What systemd has opened already. */
  readonly passed: readonly PassedSocket[];
  /** Addresses at which HTTP is served already; new ones are added. */
  readonly shown: Set<string>;
  readonly log: Log;
};

/**
 * Opens the sockets to the nodes. DHCP comes behind what it leads to: what we advertise, we serve.
 * @param undo gets what closes each, before it is opened: also where a later one fails
 * @throws AppError as the servers do when they start
 */
export async function openSockets(
  { http, tftp, dhcp, receivers }: Servers,
  { config, addresses, passed, shown, log }: Whereabouts,
  undo: Undo[],
): Promise<void> {
  await listenHttp(http, { config, addresses, passed, shown });
  undo.push(() => tftp.stop());
  await tftp.start();
  undo.push(() => dhcp.stop());
  await dhcp.start();
  undo.push(() => receivers.stop());
  await receivers.start(ownAddresses(addresses).map(({ address }) => address));
  warnOfOverhearing(overheardDevices(config.interfaces), passed, log);
}

/** Serves HTTP at these addresses, or at the sockets that systemd opened; where it is served already, it stays. */
export async function listenHttp(
  http: HttpServer,
  { config, addresses, passed, shown }: Omit<Whereabouts, 'log'>,
): Promise<void> {
  const handed = passed.filter(({ name }) => name === 'http');
  if (handed.length > 0 && shown.size === 0) for (const { fd } of handed) await http.listen({ fd });
  for (const { address } of addresses) {
    if (!shown.has(address) && handed.length === 0) await http.listen({ address, port: config.ports.http });
    shown.add(address);
  }
}

/** Opens the socket for the other commands: beside the process as systemd names it, else in the directory of the site file. */
export async function openControlSocket(http: HttpServer, env: NodeJS.ProcessEnv, config: SiteConfig): Promise<void> {
  const dir = env['RUNTIME_DIRECTORY'] ?? config.runtimeDir;
  await makePrivateDir(dir);
  await http.listen({ socketPath: join(dir, 'control.sock') });
}

function warnOfOverhearing(overheard: readonly string[], passed: readonly PassedSocket[], log: Log): void {
  if (overheard.length === 0 || passed.some(({ name }) => name.startsWith('dhcp'))) return;
  log.warn(
    { overheard },
    'DHCP also hears these devices: tie it to its own with the socket units (docs/operate/install.md)',
  );
}

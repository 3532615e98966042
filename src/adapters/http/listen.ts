import { chmod, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { AppError, type ErrorCode } from '../../kernel/errors.ts';

/** Where to listen: a TCP address (port 0 is any free one), a Unix socket, or a socket that systemd opened. */
export type ListenAt =
  | { readonly address: string; readonly port: number; readonly tls?: TlsFiles }
  | { readonly socketPath: string }
  | { readonly fd: number };

/** PEM, as it stands in the files. */
export type TlsFiles = { readonly cert: Buffer; readonly key: Buffer };

/** Owner and group: the CLI of those who may steer the site. */
const SOCKET_MODE = 0o660;

const errnoCodes: Readonly<Record<string, ErrorCode>> = {
  EADDRINUSE: 'port-in-use',
  EACCES: 'permission-denied',
  EPERM: 'permission-denied',
  EADDRNOTAVAIL: 'address-unavailable',
};

/**
 * Connections that the kernel holds for us; it may grant fewer (net.core.somaxconn). Of a thousand machines at once, those
 * beyond Node's 511 believe that they are connected, and wait half a minute for an answer to what nobody got.
 */
const BACKLOG = 4_096;

/**
 * Opens the listener and answers its TCP port, or 0. A socket file that a killed process left behind is replaced; one that
 * somebody answers on is `port-in-use`.
 */
export async function listen(server: Server, at: ListenAt): Promise<number> {
  if ('socketPath' in at) {
    await dropStaleSocket(at.socketPath);
    await open(server, { path: at.socketPath }, at.socketPath);
    await chmod(at.socketPath, SOCKET_MODE);
    return 0;
  }
  if ('fd' in at) await open(server, { fd: at.fd }, `the passed socket ${at.fd}`);
  else await open(server, { host: at.address, port: at.port, backlog: BACKLOG }, `TCP ${at.address}:${at.port}`);
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : 0;
}

/** What Node's `listen` takes; its types forget `fd`. */
type ServerPlace =
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly backlog: number }
  | { readonly fd: number };

function open(server: Server, options: ServerPlace, place: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const code = errnoCodes[cause.code ?? ''] ?? 'socket-failed';
      const other =
        'path' in options && cause.code === 'EADDRINUSE' ? '; another Slipway of this kind runs already' : '';
      reject(new AppError(code, `cannot listen on ${place}: ${cause.code ?? cause.message}${other}`, { cause }));
    };
    server.once('error', failed);
    server.listen(options, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

async function dropStaleSocket(path: string): Promise<void> {
  if ((await probe(path)) !== 'ECONNREFUSED') return;
  await unlink(path);
}

/** Why nobody answers on a socket file; undefined if somebody does. */
function probe(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  });
}

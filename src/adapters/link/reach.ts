import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { AppError } from '../../kernel/errors.ts';

export type Target = { readonly host: string; readonly port: number };
/** A proxy that is asked to CONNECT. */
export type ForwardProxy = Target & { readonly authorization: string | undefined };

/** The proxy that the environment names for this host, as gRPC reads it, too. */
export function proxyFor(host: string, env: Readonly<Record<string, string | undefined>>): ForwardProxy | undefined {
  const named = env['grpc_proxy'] || env['https_proxy'] || env['http_proxy'];
  if (!named) return undefined;
  const without = (env['no_grpc_proxy'] || env['no_proxy'] || '').split(',').map((name) => name.trim());
  if (without.some((name) => name !== '' && (host === name || host.endsWith(`.${name.replace(/^\./, '')}`))))
    return undefined;
  const { hostname, port, username, password } = new URL(named);
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return { host: hostname, port: Number(port || 80), authorization: username ? `Basic ${login}` : undefined };
}

/** What swallows a connection, and says nothing, must not keep one more of them with each try. */
const REACH_MS = 20_000;

/**
 * A TCP connection, through the proxy if there is one. Rejects with the error of the socket, or with an AppError if nothing has
 * come of it after `withinMs`.
 */
export function reach(target: Target, proxy: ForwardProxy | undefined, withinMs = REACH_MS): Promise<Socket> {
  if (proxy) return throughProxy(target, proxy, withinMs);
  return new Promise((resolve, reject) => {
    const socket = connect({ ...target, noDelay: true });
    socket.setTimeout(withinMs, () => socket.destroy(noAnswer(target)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0).removeAllListeners('timeout');
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function throughProxy(target: Target, { host, port, authorization }: ForwardProxy, withinMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const path = `${target.host}:${target.port}`;
    const headers = { host: path, ...(authorization ? { 'proxy-authorization': authorization } : {}) };
    const asked = request({ host, port, method: 'CONNECT', path, headers, agent: false });
    asked.setTimeout(withinMs, () => asked.destroy(noAnswer({ host, port })));
    asked.once('error', reject);
    asked.once('response', ({ statusCode }) => reject(refusedByProxy(host, statusCode)));
    asked.once('connect', ({ statusCode }, socket) => {
      socket.setTimeout(0).removeAllListeners('timeout');
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refusedByProxy(host, statusCode));
    });
    asked.end();
  });
}

function noAnswer({ host, port }: Target): AppError {
  return new AppError('hub-unreachable', `${host}:${port} does not answer: the connection leads nowhere`);
}

function refusedByProxy(host: string, status: number | undefined): AppError {
  return new AppError('hub-unreachable', `the proxy ${host} does not let this through (status ${status})`);
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no name server knows an address for it',
  EAI_AGAIN: 'no name server answers',
  ECONNREFUSED: 'it refused: nothing listens at this port',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'this machine has no way out',
  ETIMEDOUT: 'no answer came',
};

/** What went wrong, for somebody in a store. */
export function unreachable({ host, port }: Target, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const error = thrown as NodeJS.ErrnoException;
  const words = WORDS[error.code ?? ''] ?? error.message;
  return new AppError('hub-unreachable', `${host}:${port} does not answer: ${words}`, { cause: thrown });
}

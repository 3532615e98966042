import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { LinkIdentity } from '../../src/wire/link/ports.ts';
import { pem } from './link-hub.ts';

export type ProxyFaults = {
  /** Opens TLS with this certificate, and speaks to the hub by a connection of its own; `protocols` are what it lets through. */
  readonly inspect?: { readonly shows: LinkIdentity; readonly protocols: readonly string[] };
  /** Resets each connection after so many bytes to the hub. */
  readonly resetAfterBytes?: number;
  /** Changes what the hub answers. */
  readonly forge?: (chunk: Buffer) => Buffer;
};

/** Something between a site and head office, on loopback. */
export async function startTlsProxy(hubPort: number, faults: ProxyFaults = {}) {
  const open = new Set<Socket>();
  let isFrozen = false;
  const join = (near: Socket, far: Socket): void => {
    let sent = 0;
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        open.delete(socket);
        (socket === near ? far : near).destroy();
      });
    }
    near.on('data', (chunk) => {
      sent += chunk.length;
      if (faults.resetAfterBytes !== undefined && sent > faults.resetAfterBytes) near.resetAndDestroy();
      else if (!isFrozen) far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (!isFrozen) near.write(faults.forge ? faults.forge(chunk) : chunk);
    });
  };
  const server = faults.inspect ? inspector(faults.inspect, hubPort, join) : plain(hubPort, join);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  return {
    url: `https://localhost:${port}`,
    /** Nothing goes through any more, and nothing says so: half-open. */
    freeze: () => {
      isFrozen = true;
    },
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

type Join = (near: Socket, far: Socket) => void;

function plain(port: number, join: Join): Server {
  return createServer((near) => join(near, connect({ host: '127.0.0.1', port })));
}

function inspector({ shows, protocols }: NonNullable<ProxyFaults['inspect']>, port: number, join: Join): Server {
  const own = { cert: shows.chain.map(pem).join(''), key: shows.privateKey };
  return createTlsServer({ ...own, ALPNProtocols: [...protocols] }, (near: TLSSocket) => {
    const ALPNProtocols = [near.alpnProtocol || 'http/1.1'];
    join(near, connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols }));
  });
}

/** A proxy that is asked by CONNECT, on loopback; with a status it refuses, and with `silence` it swallows. */
export async function startConnectProxy(does: 'lets-through' | 'silence' | 407 = 'lets-through') {
  const asked: { readonly to: string | undefined; readonly login: string | undefined }[] = [];
  const open = new Set<Socket>();
  const server = createHttpServer();
  server.on('connect', ({ url, headers }, near: Socket) => {
    asked.push({ to: url, login: headers['proxy-authorization'] });
    open.add(near.on('error', () => undefined));
    if (does === 'silence') return void near.once('end', () => near.destroy()).resume();
    if (does === 407) return void near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const far = connect({ host: '127.0.0.1', port: Number(url?.split(':').at(-1)) });
    open.add(far.on('error', () => near.destroy()));
    far.once('connect', () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      near.pipe(far).pipe(near);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  return {
    port,
    asked,
    /** How many connections to it are open. */
    open: () => [...open].filter(({ destroyed }) => !destroyed).length,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

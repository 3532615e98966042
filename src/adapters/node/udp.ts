import { createSocket, type Socket } from 'node:dgram';
import { AppError, type ErrorCode } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { LogBudget } from '../../kernel/log-budget.ts';
import type { Log } from '../../kernel/ports.ts';
import type { Endpoint, UdpHandlers, UdpOptions, UdpPort, UdpSocket } from '../../kernel/udp.ts';
import { errnoOf } from './system-errors.ts';

/** Real sockets, and those that systemd opened for us. */
export interface NodeUdpPort extends UdpPort {
  /** Takes over a bound UDP socket by its descriptor. @throws AppError `socket-failed` if it is none */
  adopt(fd: number, handlers: UdpHandlers, options?: UdpOptions): Promise<UdpSocket>;
}

/** What each socket asks for, in either direction: room for the DISCOVERs of a whole store that gets its power back at once. */
export const BUFFER_BYTES = 1024 * 1024;

const openErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EADDRINUSE: ['port-in-use', 'another program has it'],
  EACCES: ['permission-denied', 'ports below 1024 need root or CAP_NET_BIND_SERVICE'],
  EPERM: ['permission-denied', 'ports below 1024 need root or CAP_NET_BIND_SERVICE'],
  EADDRNOTAVAIL: ['address-unavailable', 'this machine does not have that address'],
};

/** UDP of this machine. `log` hears of errors that belong to no datagram. */
export function createUdpPort(log: Log): NodeUdpPort {
  const ownPorts = new Map<number, number>();
  const guard = createGuard(log);
  let last: Promise<unknown> = Promise.resolve();

  const openNow = async (local: Endpoint, handlers: UdpHandlers, options: UdpOptions) => {
    if (local.port === 0)
      return favouring(serve(await bindOwnPort(local.address, ownPorts), handlers, options, log, ownPorts), handlers);
    if (!options.shared && !ownPorts.has(local.port)) await checkFree(local);
    const socket = newSocket();
    await bound(
      socket,
      () => socket.bind({ address: local.address, port: local.port }),
      `${local.address}:${local.port}`,
    );
    return serve(socket, handlers, options, log, ownPorts);
  };
  return {
    open: (local, handlers, options = {}) => {
      // One after the other: `checkFree` must not meet a socket of ours that is just being opened.
      const opened = last.then(() => openNow(local, guard(handlers), options));
      last = opened.catch(() => {});
      return opened;
    },
    adopt: async (fd, handlers, options = {}) => {
      const socket = newSocket();
      await bound(socket, () => socket.bind({ fd }), `descriptor ${fd}`);
      return serve(socket, guard(handlers), options, log, ownPorts);
    },
  };
}

/** So many faults are told in a minute: whoever found the datagram that meets one can send it again and again. */
const FAULTS_TOLD = 10;

/** A fault of ours in what one datagram makes us do is told, and ends nothing: all other machines still want their answers. */
function createGuard(log: Log): (handlers: UdpHandlers) => UdpHandlers {
  const budget = new LogBudget({ monotonic: () => performance.now() }, FAULTS_TOLD);
  return ({ onDatagram, ...rest }) => ({
    ...rest,
    onDatagram: (bytes, from) => {
      try {
        onDatagram(bytes, from);
      } catch (error) {
        const told = budget.spend('datagram');
        if (told) log.error({ error, from, ...told }, 'a datagram met a fault of Slipway');
      }
    },
  });
}

/**
 * A port that the kernel chooses. A socket that `favour` opens beside this one must share it, so it may be shared, and then the
 * kernel may give it to two of ours: two transfers would hear each other.
 */
async function bindOwnPort(address: Ipv4, ownPorts: ReadonlyMap<number, number>): Promise<Socket> {
  for (;;) {
    const socket = newSocket();
    await bound(socket, () => socket.bind({ address, port: 0 }), `${address}:0`);
    if (!ownPorts.has(socket.address().port)) return socket;
    await closed(socket);
  }
}

function newSocket(reuseAddr = true): Socket {
  return createSocket({
    type: 'udp4',
    reuseAddr,
    // Addresses are never names: nothing to look up, nothing to wait for.
    lookup: (address, _options, answer) => answer(null, address, 4),
  });
}

/**
 * A socket with reuseAddr, which one on an address beside one on 0.0.0.0 needs, shares its port with that of any other
 * program that does the same, as dnsmasq does; datagrams then go to one of them. A bind without it tells.
 */
async function checkFree(local: Endpoint): Promise<void> {
  const socket = newSocket(false);
  await bound(
    socket,
    () => socket.bind({ address: local.address, port: local.port }),
    `${local.address}:${local.port}`,
  );
  await closed(socket);
}

function bound(socket: Socket, bind: () => void, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      socket.removeAllListeners();
      socket.close();
      reject(openError(where, cause));
    };
    socket.once('error', fail);
    socket.once('listening', () => {
      socket.off('error', fail);
      resolve();
    });
    try {
      bind();
    } catch (error) {
      fail(error);
    }
  });
}

function openError(where: string, cause: unknown): AppError {
  const errno = errnoOf(cause) ?? '';
  const [code, why] = openErrors[errno] ?? ['socket-failed', errno || 'see the cause'];
  return new AppError(code, `UDP ${where}: ${why}`, { cause });
}

function serve(
  socket: Socket,
  handlers: UdpHandlers,
  options: UdpOptions,
  log: Log,
  ownPorts: Map<number, number>,
): UdpSocket {
  const { address, port } = socket.address();
  const local: Endpoint = { address: address as Ipv4, port };
  const count = ownPorts.get(port) ?? 0;
  ownPorts.set(port, count + 1);
  hear(socket, handlers);
  socket.on('error', (error) => log.warn({ error, ...local }, 'a UDP socket reported an error'));
  if (options.broadcast) socket.setBroadcast(true);
  enlargeBuffers(socket, log);
  const { onSendError } = handlers;
  let ending: Promise<void> | undefined;
  return {
    local,
    send: (bytes, to) => {
      try {
        // Node takes each callback through a turn of its own, also where the datagram left at once.
        socket.send(bytes, to.port, to.address, onSendError && ((error) => error && onSendError(error, to)));
      } catch (error) {
        onSendError?.(error as Error, to);
      }
    },
    close: () => {
      ending ??= closed(socket).then(() => release(ownPorts, port));
      return ending;
    },
  };
}

function hear(socket: Socket, { onDatagram }: UdpHandlers): void {
  socket.on('message', (bytes, from) => onDatagram(bytes, { address: from.address as Ipv4, port: from.port }));
}

/**
 * With a second socket on the same port, connected to the one who is favoured: the kernel gives it what comes from there, and
 * looks for the way there once and not for each datagram. All else, and all before it is ready, goes by `all`.
 */
function favouring(all: UdpSocket, handlers: UdpHandlers): UdpSocket {
  let favoured: { readonly socket: Socket; readonly peer: Endpoint } | undefined;
  let second: Socket | undefined;
  const drop = () => {
    favoured = undefined;
    const closing = second && closed(second);
    second = undefined;
    return closing;
  };
  return {
    local: all.local,
    send: (bytes, to) => {
      if (favoured && to.port === favoured.peer.port && to.address === favoured.peer.address)
        favoured.socket.send(bytes);
      else all.send(bytes, to);
    },
    favour: (peer) => {
      // RFC 768: whoever sends from port 0 wants no answer. Anybody can, and Node throws where it shall connect to it.
      if (peer.port === 0) return;
      const socket = newSocket();
      second = socket;
      hear(socket, handlers);
      // Also that nobody listens at the peer's port, which may be said in anybody's name: silence says the same.
      socket.on('error', () => favoured?.socket === socket || drop());
      socket.once('connect', () => {
        if (second === socket) favoured = { socket, peer };
      });
      socket.bind({ ...all.local }, () => socket.connect(peer.port, peer.address));
    },
    close: async () => {
      await drop();
      await all.close();
    },
  };
}

function release(ownPorts: Map<number, number>, port: number): void {
  const left = (ownPorts.get(port) ?? 1) - 1;
  if (left > 0) ownPorts.set(port, left);
  else ownPorts.delete(port);
}

/**
 * The kernel may grant less (net.core.rmem_max); more is better, none is needed. What systemd set may be beyond that limit,
 * which for us would then make it smaller.
 */
function enlargeBuffers(socket: Socket, log: Log): void {
  try {
    if (socket.getRecvBufferSize() < BUFFER_BYTES) socket.setRecvBufferSize(BUFFER_BYTES);
    if (socket.getSendBufferSize() < BUFFER_BYTES) socket.setSendBufferSize(BUFFER_BYTES);
  } catch (error) {
    log.debug({ error }, 'the buffers of a UDP socket stay small');
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

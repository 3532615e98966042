import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { Log } from '../../kernel/ports.ts';
import type { Endpoint, UdpSocket } from '../../kernel/udp.ts';
import { createUdpPort } from './udp.ts';

const quiet = () => {};
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const at = (port: number, address = '127.0.0.1'): Endpoint => ({ address: address as Ipv4, port });
const handlers = { onDatagram: quiet, onSendError: quiet };

const opened: { close(): unknown }[] = [];
const keep = <T extends { close(): unknown }>(socket: T): T => {
  opened.push(socket);
  return socket;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((socket) => socket.close()));
});

/** A socket of another program on a free port; with `reuseAddr` as dnsmasq opens its own. */
async function foreignSocket(reuseAddr: boolean): Promise<number> {
  const socket = keep(createSocket({ type: 'udp4', reuseAddr }));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

/** Does as systemd does: a bound socket as descriptor 3, told of in the environment, and then exec. */
const launcher = `
  use Socket; $^F = 9;
  socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die;
  bind($socket, pack_sockaddr_in(0, inet_aton('127.0.0.1'))) or die;
  fileno($socket) == 3 or die;
  @ENV{qw(LISTEN_FDS LISTEN_PID LISTEN_FDNAMES)} = (1, $$, 'dhcp');
  exec @ARGV;`;

/** Takes the socket over, says its port, and sends back what comes. */
const adopter = `
  (async () => {
    const [{ passedSockets }, { createUdpPort }] = await Promise.all(process.argv.slice(1).map((file) => import(file)));
    const [{ fd }] = passedSockets(process.env, [process.pid]);
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const onDatagram = (bytes, from) => socket.send(bytes, from);
    const socket = await createUdpPort(log).adopt(fd, { onDatagram, onSendError() {} });
    console.log(socket.local.port);
  })();`;
const modules = ['./systemd-sockets.ts', './udp.ts'].map((name) => new URL(name, import.meta.url).href);
const withOutput: { stdio: ['ignore', 'pipe', 'inherit'] } = { stdio: ['ignore', 'pipe', 'inherit'] };

function keepChild<T extends ChildProcess>(child: T): T {
  opened.push({ close: () => child.kill('SIGKILL') });
  return child;
}

describe('UDP', () => {
  it('gives each socket on any free port one of its own', async () => {
    const port = createUdpPort(log);
    const sockets = [];
    // With shared ports, so many would have one twice 99 times in a hundred.
    for (let i = 0; i < 500; i++) sockets.push(keep(await port.open(at(0), handlers)));
    expect(new Set(sockets.map(({ local }) => local.port)).size).toBe(500);
  });

  it('a fault in what a datagram makes us do is told, a few times, and ends nothing', async () => {
    const errors: unknown[] = [];
    let heard = 0;
    const onDatagram = () => {
      heard++;
      throw new Error('a fault');
    };
    const port = createUdpPort({ ...log, error: (fields) => errors.push(fields['error']) });
    const socket = keep(await port.open(at(0), { onDatagram }));
    const stranger = keep(await port.open(at(0), handlers));
    for (let n = 0; n < 30; n++) stranger.send(new Uint8Array([n]), socket.local);
    await vi.waitFor(() => expect(heard).toBe(30), 10_000);
    expect(errors).toHaveLength(10);
    expect(String(errors[0])).toBe('Error: a fault');
  });

  it('carries datagrams both ways', async () => {
    const udp = createUdpPort(log);
    const echo: UdpSocket = keep(
      await udp.open(at(0), { ...handlers, onDatagram: (bytes, from) => echo.send(bytes, from) }, { broadcast: true }),
    );
    const heard = Promise.withResolvers<[Uint8Array, Endpoint]>();
    const client = keep(
      await udp.open(at(0), { ...handlers, onDatagram: (bytes, from) => heard.resolve([bytes, from]) }),
    );
    client.send(Uint8Array.of(1, 2, 3), echo.local);
    const [bytes, from] = await heard.promise;
    expect([[...bytes], from]).toEqual([[1, 2, 3], echo.local]);
  });

  it('answers who is favoured from the same port, and hears all others there, too', async () => {
    const udp = createUdpPort(log);
    const heard: string[] = [];
    const answers: string[] = [];
    const client = async (name: string) =>
      keep(
        await udp.open(at(0), { onDatagram: (bytes, from) => answers.push(`${name}: ${bytes[0]} from ${from.port}`) }),
      );
    const site: UdpSocket = keep(
      await udp.open(at(0), {
        onDatagram: (bytes, from) => {
          heard.push(`${bytes[0]} from ${from.port}`);
          site.send(bytes, from);
        },
      }),
    );
    const [friend, stranger] = [await client('friend'), await client('stranger')];
    const connected = vi.spyOn(Socket.prototype, 'connect');
    site.favour?.(friend.local);
    await vi.waitFor(() => expect(connected).toHaveBeenCalledTimes(1));
    for (const [i, one] of [friend, stranger, friend].entries()) {
      one.send(Uint8Array.of(i), site.local);
      await vi.waitFor(() => expect(answers).toHaveLength(i + 1));
    }
    const { port } = site.local;
    expect(answers).toEqual([`friend: 0 from ${port}`, `stranger: 1 from ${port}`, `friend: 2 from ${port}`]);
    expect(heard).toEqual([
      `0 from ${friend.local.port}`,
      `1 from ${stranger.local.port}`,
      `2 from ${friend.local.port}`,
    ]);
    vi.restoreAllMocks();
    await site.close();
    site.send(Uint8Array.of(1), friend.local);
    // Nothing holds the port any more.
    const again = keep(createSocket('udp4'));
    again.bind(port, '127.0.0.1');
    await once(again, 'listening');
  });

  it('hears all others where the favoured one cannot be connected to, and leaves nothing behind', async () => {
    const udp = createUdpPort(log);
    const others: Endpoint[] = [
      { ...at(0), port: 0 },
      { address: '255.255.255.255' as Ipv4, port: 9 },
    ];
    for (const other of others) {
      const heard: number[] = [];
      const site = await udp.open(at(0), { onDatagram: (bytes) => heard.push(bytes[0] ?? 0) });
      site.favour?.(other);
      site.send(Uint8Array.of(1), other);
      const client = keep(await udp.open(at(0), handlers));
      await vi.waitFor(() => {
        client.send(Uint8Array.of(7), site.local);
        expect(heard).toContain(7);
      });
      await site.close();
      const again = keep(createSocket('udp4'));
      again.bind(site.local.port, '127.0.0.1');
      await once(again, 'listening');
    }
  });

  it('hears the favoured one also after the kernel has reported that nobody listened there', async () => {
    const udp = createUdpPort(log);
    const heard: string[] = [];
    const site: UdpSocket = keep(await udp.open(at(0), { onDatagram: (bytes) => heard.push(String(bytes[0])) }));
    const friend = await udp.open(at(0), handlers);
    site.favour?.(friend.local);
    await new Promise((resolve) => setImmediate(resolve));
    await friend.close();
    for (let i = 0; i < 3; i++) site.send(Uint8Array.of(i), friend.local);
    const port = createSocket('udp4');
    keep(port).bind(friend.local.port, '127.0.0.1');
    await once(port, 'listening');
    port.send(Uint8Array.of(7), site.local.port, site.local.address);
    await vi.waitFor(() => expect(heard).toEqual(['7']));
  });

  it('opens one address beside all addresses, at once and one after the other', async () => {
    const port = await foreignSocket(false);
    await opened.pop()?.close();
    const udp = createUdpPort(log);
    const both = await Promise.all([udp.open(at(port), handlers), udp.open(at(port, '0.0.0.0'), handlers)]);
    expect(both.map(({ local }) => local)).toEqual([at(port), at(port, '0.0.0.0')]);
    await Promise.all(both.map((socket) => socket.close()));
    const again = keep(await udp.open(at(port), handlers));
    expect(again.local.port).toBe(port);
  });

  it.each([true, false])('finds a port in use, shared or not (%o)', async (reuseAddr) => {
    const port = await foreignSocket(reuseAddr);
    for (const address of ['127.0.0.1', '0.0.0.0']) {
      const opening = createUdpPort(log).open(at(port, address), handlers);
      await expect(opening).rejects.toMatchObject({
        code: 'port-in-use',
        message: `UDP ${address}:${port}: another program has it`,
      });
    }
  });

  it('makes small buffers larger, and never those smaller that somebody set beyond the limit of the kernel', async () => {
    const set = vi.spyOn(Socket.prototype, 'setRecvBufferSize');
    const get = vi.spyOn(Socket.prototype, 'getRecvBufferSize');
    for (const bytes of [212_992, 2 * 1024 * 1024]) {
      get.mockReturnValue(bytes);
      keep(await createUdpPort(log).open(at(0), handlers));
    }
    vi.restoreAllMocks();
    expect(set.mock.calls).toEqual([[1024 * 1024]]);
  });

  it('says when the address is not of this machine', async () => {
    const opening = createUdpPort(log).open(at(0, '192.0.2.1'), handlers);
    await expect(opening).rejects.toMatchObject({ code: 'address-unavailable' });
  });

  it('serves a socket that a launcher opened before it started us', async () => {
    const child = keepChild(spawn('perl', ['-e', launcher, process.execPath, '-e', adopter, ...modules], withOutput));
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const heard = Promise.withResolvers<string>();
    const client = keep(
      await createUdpPort(log).open(at(0), {
        ...handlers,
        onDatagram: (bytes, from) => heard.resolve(`${Buffer.from(bytes)} from ${from.port}`),
      }),
    );
    client.send(Buffer.from('hello'), at(Number(line)));
    expect(await heard.promise).toBe(`hello from ${line}`);
  });

  it('takes no descriptor that is no UDP socket', async () => {
    const fd = openSync('/dev/null', 'r');
    await expect(createUdpPort(log).adopt(fd, handlers)).rejects.toMatchObject({ code: 'socket-failed' });
    closeSync(fd);
  });

  it('reports sends that fail, and never throws', async () => {
    const failed: Endpoint[] = [];
    const two = Promise.withResolvers<void>();
    const onSendError = (_error: Error, to: Endpoint) => {
      if (failed.push(to) === 2) two.resolve();
    };
    const socket = await createUdpPort(log).open(at(0), { ...handlers, onSendError });
    // Without broadcast: EACCES, later; after close: at once.
    socket.send(new Uint8Array(1), at(9, '255.255.255.255'));
    socket.send(new Uint8Array(70_000), at(9));
    await two.promise;
    await socket.close();
    await socket.close();
    socket.send(new Uint8Array(1), at(9));
    expect(failed.length).toBe(3);
  });
});

import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { Log } from '../../kernel/ports.ts';
import type { UdpPort, UdpSocket } from '../../kernel/udp.ts';
import { parseKernelLine } from './codec/kernel-line.ts';
import { Lines } from './codec/lines.ts';
import type { Source } from './policy/source.ts';
import { tellLine } from './policy/tell-line.ts';
import { TcpDoor } from './tcp-door.ts';
import type { Teller } from './teller.ts';

/** The longest message of a kernel is 1 KiB; the rest is JSON around it. */
const MAX_LINE_BYTES = 8 * 1024;

/** Hears `talos.logging.kernel`: JSON lines over TCP, and one JSON object in each datagram over UDP, on the same port. */
export class KernelLog {
  readonly #teller: Teller;
  readonly #udp: UdpPort;
  readonly #log: Log;
  readonly #door: TcpDoor;
  readonly #sockets: UdpSocket[] = [];

  constructor({ teller, udp, log }: { readonly teller: Teller; readonly udp: UdpPort; readonly log: Log }) {
    this.#teller = teller;
    this.#udp = udp;
    this.#log = log;
    this.#door = new TcpDoor({
      mayEnter: (remote) => teller.sourceAt(remote) !== undefined,
      onSocket: (socket, remote) => {
        const lines = new Lines(MAX_LINE_BYTES);
        socket.on('data', (bytes) => {
          for (const line of lines.push(bytes as Buffer)) this.#hear(line.bytes, line.cut, remote);
        });
      },
      onRefused: () => teller.count('refused'),
      log,
    });
  }

  /** @throws AppError if a port cannot be had */
  async listen(address: Ipv4, port: number): Promise<void> {
    await this.#door.listen(address, port);
    this.#sockets.push(
      await this.#udp.open(
        { address, port },
        {
          onDatagram: (bytes, from) => this.#hear(bytes, bytes.length > MAX_LINE_BYTES, from.address),
          onSendError: () => undefined,
        },
      ),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.#door.close(), ...this.#sockets.splice(0).map((socket) => socket.close())]);
  }

  /** The source is asked for with each line: a connection may outlive the lease under which it was opened. */
  #hear(bytes: Uint8Array, cut: boolean, remote: string): void {
    const source = this.#teller.sourceAt(remote);
    if (!source || !this.#teller.mayHear(source)) return;
    const line = cut ? undefined : parseKernelLine(Buffer.from(bytes).toString('utf8'));
    if (!line?.ok) {
      this.#teller.count('malformed');
      return;
    }
    const telling = tellLine(line.value);
    if (telling) this.#tell(source, telling);
  }

  #tell(source: Source, telling: NonNullable<ReturnType<typeof tellLine>>): void {
    this.#teller.tell(source, telling).catch((error: unknown) => {
      this.#log.warn({ error }, 'a line of a kernel log could not be handed on');
    });
  }
}

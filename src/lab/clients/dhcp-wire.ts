import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readAnswer, type ServerMessage } from './dhcp-packet.ts';

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
/** A thousand offers at once; the kernel may grant less. */
const RECEIVE_BYTES = 8 * 1024 * 1024;

/** The one socket through which all clients of a device speak DHCP, as none of them has an address yet. */
export class DhcpWire {
  readonly #socket: Socket;
  readonly #hearers = new Map<number, (answer: ServerMessage) => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => {
      const answer = readAnswer(bytes);
      if (answer) this.#hearers.get(answer.xid)?.(answer);
    });
    // A cable that is pulled is what the retries are for.
    socket.on('error', () => undefined);
  }

  /** @throws NodeJS.ErrnoException if this process may not use port 68 */
  static async open(): Promise<DhcpWire> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true, recvBufferSize: RECEIVE_BYTES });
    socket.bind(CLIENT_PORT, '0.0.0.0');
    await once(socket, 'listening');
    socket.setBroadcast(true);
    return new DhcpWire(socket);
  }

  /** Answers to this transaction go to `hear`, in place of whoever heard them before. */
  listen(xid: number, hear: (answer: ServerMessage) => void): void {
    this.#hearers.set(xid, hear);
  }

  forget(xid: number): void {
    this.#hearers.delete(xid);
  }

  send(packet: Uint8Array, to = '255.255.255.255'): void {
    this.#socket.send(packet, SERVER_PORT, to, () => undefined);
  }

  close(): void {
    this.#socket.close();
  }
}

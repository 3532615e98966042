import { createSocket, type Socket } from 'node:dgram';
import { addressBytes, readAnswer, type ServerMessage, TYPES } from '../../../src/lab/clients/dhcp-packet.ts';
import { readRequest } from '../../packets/hex.ts';

const COOKIE_END = 240;
const FILE = { from: 108, to: 236 };
/** Firmware waits for 4, 8, 16 and 32 seconds; what it sends is the same. */
const AGAIN_MS = 250;

/** What was recorded of one client. Without a recorded REQUEST it is the DISCOVER with what a REQUEST adds. */
export type Recording = { readonly discover: string; readonly request?: string };
export type Bound = { readonly address: string; readonly file: string };

/** Speaks DHCP with the bytes of real clients, as the machine with this MAC and UUID. */
export class RecordedDhcp {
  readonly #socket: Socket;
  readonly #mac: Uint8Array;
  #heard: (bytes: Buffer) => void = () => undefined;
  #xid = 1;

  private constructor(socket: Socket, mac: string) {
    this.#socket = socket;
    this.#mac = Buffer.from(mac.replaceAll(':', ''), 'hex');
    socket.on('message', (bytes) => this.#heard(bytes));
  }

  static open(mac: string): Promise<RecordedDhcp> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    return new Promise((resolve) =>
      socket.bind(68, '0.0.0.0', () => {
        socket.setBroadcast(true);
        resolve(new RecordedDhcp(socket, mac));
      }),
    );
  }

  /** DISCOVER until there is an offer. */
  async discover({ discover }: Recording): Promise<ServerMessage> {
    this.#xid += 1;
    const { answer } = await this.#ask(this.#own(readRequest(discover)), TYPES.offer, 100);
    return answer;
  }

  /** REQUEST until there is an ACK; whoever hears none begins with DISCOVER again. */
  async request(recording: Recording, offer: ServerMessage): Promise<Bound> {
    for (let taken = offer; ; taken = await this.discover(recording)) {
      try {
        const { answer, bytes } = await this.#ask(this.#requestFor(recording, taken), TYPES.ack, 6);
        const name = bytes.toString('latin1', FILE.from, FILE.to);
        return { address: answer.address, file: name.slice(0, Math.max(0, name.indexOf('\0'))) };
      } catch {
        // As firmware does it.
      }
    }
  }

  close(): void {
    this.#socket.close();
  }

  #requestFor({ discover, request }: Recording, { address, server }: ServerMessage): Uint8Array {
    const bytes = this.#own(readRequest(request ?? discover));
    const more = [
      [53, Uint8Array.of(TYPES.request)],
      [50, addressBytes(address)],
      [54, server],
    ] as const;
    return more.reduce((packet, [code, value]) => withOption(packet, code, value), bytes);
  }

  /** The recorded bytes with whatever names the machine replaced: MAC, transaction, options 61 and 97. */
  #own(recorded: Uint8Array): Uint8Array {
    const bytes = Buffer.from(recorded);
    bytes.writeUInt32BE(((this.#mac[5] ?? 0) << 16) | this.#xid, 4);
    bytes.set(this.#mac, 28);
    const named = [
      [61, Uint8Array.of(1, ...this.#mac)],
      [97, Uint8Array.of(0, ...new Uint8Array(10).fill(0x5a), ...this.#mac)],
    ] as const;
    return named.reduce<Uint8Array>(
      (packet, [code, value]) => (positionOf(packet, code) === undefined ? packet : withOption(packet, code, value)),
      bytes,
    );
  }

  #ask(packet: Uint8Array, type: number, tries: number): Promise<{ answer: ServerMessage; bytes: Buffer }> {
    const xid = Buffer.from(packet).readUInt32BE(4);
    return new Promise((resolve, reject) => {
      let left = tries;
      const again = setInterval(() => send(), AGAIN_MS);
      const send = (): void => {
        left -= 1;
        if (left < 0) {
          clearInterval(again);
          reject(new Error('DHCP: no answer'));
        } else this.#socket.send(packet, 67, '255.255.255.255', () => undefined);
      };
      this.#heard = (bytes) => {
        const answer = readAnswer(bytes);
        if (answer?.xid !== xid || answer.type !== type) return;
        clearInterval(again);
        resolve({ answer, bytes });
      };
      send();
    });
  }
}

function positionOf(packet: Uint8Array, wanted: number): number | undefined {
  for (let at = COOKIE_END; at < packet.length && packet[at] !== 255; ) {
    if (packet[at] === wanted) return at;
    at += packet[at] === 0 ? 1 : 2 + (packet[at + 1] ?? 0);
  }
  return undefined;
}

/** Replaces an option in its place, or adds it before the end. */
function withOption(packet: Uint8Array, code: number, value: Uint8Array): Uint8Array {
  const at = positionOf(packet, code);
  const end = packet.lastIndexOf(255);
  const [from, to] = at === undefined ? [end, end] : [at, at + 2 + (packet[at + 1] ?? 0)];
  return Uint8Array.of(...packet.subarray(0, from), code, value.length, ...value, ...packet.subarray(to));
}

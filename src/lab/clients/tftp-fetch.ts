import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { latin1FromBytes, latin1ToBytes, untilNul } from '../../kernel/latin1.ts';
import type { TftpHabit } from './kinds.ts';

export type TftpAsk = {
  /** The client's own address. */
  readonly local: string;
  readonly server: string;
  readonly port?: number;
  readonly file: string;
  readonly habit: TftpHabit;
  /** Waits are so much shorter. */
  readonly hurry: number;
  readonly signal: AbortSignal;
  /** At the first packet of an answer. */
  readonly onAnswer?: () => void;
  readonly onRepeat?: () => void;
};

const OPCODES = { rrq: 1, data: 3, ack: 4, error: 5, oack: 6 } as const;
const WELL_KNOWN_PORT = 69;
/** RFC 1350: without an option. */
const DEFAULT_BLOCK = 512;
const OPTION_REFUSED = 8;

/** The server said no. */
export class TftpRefusal extends Error {
  override readonly name = 'TftpRefusal';
  /** RFC 1350: 1 is "file not found". */
  readonly code: number;

  constructor(packet: Buffer) {
    const code = packet.readUInt16BE(2);
    super(`TFTP error ${code}: ${untilNul(latin1FromBytes(packet.subarray(4)))}`);
    this.code = code;
  }
}

/**
 * Fetches a file as a client of that habit does.
 * @returns its bytes
 * @throws Error with the reason in words
 */
export async function fetchByTftp(ask: TftpAsk): Promise<Uint8Array> {
  // EDK2 asks for the size, aborts, and begins anew from another port.
  if (ask.habit.probe) await new Transfer(ask, true).run();
  return new Transfer(ask, false).run();
}

class Transfer {
  readonly #ask: TftpAsk;
  readonly #isProbe: boolean;
  readonly #socket: Socket;
  readonly #parts: Uint8Array[] = [];
  readonly #done = Promise.withResolvers<Uint8Array>();
  #peerPort: number | undefined;
  #blockBytes = DEFAULT_BLOCK;
  #window = 1;
  #expected = 1;
  #inWindow = 0;
  #toldGap = false;
  #tries = 0;
  #last: Uint8Array = new Uint8Array(0);
  #timer: NodeJS.Timeout | undefined;

  constructor(ask: TftpAsk, isProbe: boolean) {
    this.#ask = ask;
    this.#isProbe = isProbe;
    this.#socket = createSocket('udp4');
  }

  async run(): Promise<Uint8Array> {
    const { local, signal } = this.#ask;
    const stop = (): void => this.#done.reject(new Error('it took too long'));
    signal.addEventListener('abort', stop, { once: true });
    this.#socket.on('message', (bytes, from) => this.#hear(bytes, from));
    this.#socket.on('error', (error) => this.#done.reject(error));
    this.#socket.bind({ address: local }, () => this.#send(this.#request()));
    try {
      signal.throwIfAborted();
      return await this.#done.promise;
    } finally {
      clearTimeout(this.#timer);
      signal.removeEventListener('abort', stop);
      this.#socket.close();
    }
  }

  #request(): Uint8Array {
    const { file, habit } = this.#ask;
    const options = [
      ...(this.#isProbe || !habit.probe ? ['tsize', '0'] : []),
      ...(habit.blksize === undefined ? [] : ['blksize', String(habit.blksize)]),
      ...(habit.windowsize === undefined || this.#isProbe ? [] : ['windowsize', String(habit.windowsize)]),
    ];
    const text = [file, 'octet', ...options].map((part) => `${part}\0`).join('');
    return Buffer.concat([Buffer.from([0, OPCODES.rrq]), latin1ToBytes(text) ?? new Uint8Array(0)]);
  }

  #hear(bytes: Buffer, from: RemoteInfo): void {
    if (from.address !== this.#ask.server || bytes.length < 4) return;
    this.#peerPort ??= from.port;
    // RFC 1350 section 4: another port is another transfer, of a request that was sent twice.
    if (from.port !== this.#peerPort) return;
    this.#ask.onAnswer?.();
    const opcode = bytes.readUInt16BE(0);
    if (opcode === OPCODES.error) this.#done.reject(new TftpRefusal(bytes));
    else if (opcode === OPCODES.oack) this.#accept(bytes.subarray(2));
    else if (opcode === OPCODES.data) this.#take(bytes.readUInt16BE(2), bytes.subarray(4));
  }

  #accept(bytes: Uint8Array): void {
    const words = latin1FromBytes(bytes).split('\0');
    const optionOf = (name: string): number | undefined => {
      const at = words.findIndex((word, i) => i % 2 === 0 && word.toLowerCase() === name);
      return at < 0 ? undefined : Number(words[at + 1]);
    };
    if (this.#isProbe) this.#abort();
    if (this.#isProbe || this.#expected > 1) return;
    this.#blockBytes = optionOf('blksize') ?? DEFAULT_BLOCK;
    this.#window = optionOf('windowsize') ?? 1;
    this.#send(ackPacket(0));
  }

  #take(block: number, bytes: Uint8Array): void {
    // A server that knows no options answers a probe with the file itself.
    const last = (this.#expected - 1) & 0xffff;
    if (this.#isProbe) this.#abort();
    else if (block === (this.#expected & 0xffff)) this.#takeNext(block, bytes);
    else this.#takeOther(block, last);
  }

  #takeNext(block: number, bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#expected += 1;
    this.#inWindow += 1;
    this.#toldGap = false;
    const isLast = bytes.length < this.#blockBytes;
    if (isLast || this.#inWindow >= this.#window) this.#acknowledge(block);
    else this.#wait();
    if (isLast) this.#done.resolve(Buffer.concat(this.#parts));
  }

  #abort(): void {
    this.#send(errorPacket(OPTION_REFUSED, 'User aborted the transfer'));
    this.#done.resolve(new Uint8Array(0));
  }

  /** RFC 7440 section 4: a gap is told once, with the last block that came in order; so is the repeat of that block. */
  #takeOther(block: number, last: number): void {
    const isAhead = ((block - last) & 0xffff) < 0x8000 && block !== last;
    if (isAhead ? this.#toldGap : block !== last) return;
    if (isAhead) this.#toldGap = true;
    this.#ask.onRepeat?.();
    this.#acknowledge(last);
  }

  #acknowledge(block: number): void {
    this.#inWindow = 0;
    this.#send(ackPacket(block));
  }

  #send(packet: Uint8Array): void {
    this.#tries = 0;
    this.#last = packet;
    this.#transmit();
  }

  #transmit(): void {
    const { server, port = WELL_KNOWN_PORT } = this.#ask;
    // A network that is not there yet is what the repeats are for.
    this.#socket.send(this.#last, this.#peerPort ?? port, server, () => undefined);
    this.#wait();
  }

  #wait(): void {
    const { habit, hurry } = this.#ask;
    clearTimeout(this.#timer);
    const waitMs = habit.waits[this.#tries];
    if (waitMs === undefined) {
      const where = this.#expected > 1 ? `after block ${this.#expected - 1}` : 'at all';
      this.#done.reject(new Error(`TFTP: no answer ${where}`));
      return;
    }
    this.#timer = setTimeout(() => {
      this.#tries += 1;
      this.#toldGap = false;
      if (habit.waits[this.#tries] === undefined) return this.#wait();
      this.#ask.onRepeat?.();
      this.#transmit();
    }, waitMs / hurry);
  }
}

function ackPacket(block: number): Uint8Array {
  return Uint8Array.of(0, OPCODES.ack, block >> 8, block & 255);
}

function errorPacket(code: number, message: string): Uint8Array {
  return Uint8Array.of(0, OPCODES.error, 0, code, ...(latin1ToBytes(message) ?? []), 0);
}

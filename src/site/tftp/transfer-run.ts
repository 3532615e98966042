import type { Cancel, Clock } from '../../kernel/ports.ts';
import type { Endpoint, UdpSocket } from '../../kernel/udp.ts';
import { type BlockReader, createBlockReader } from './block-reader.ts';
import { ackedBlock, decodeTftp, ERROR_CODES, encodeTftp, type TftpPacket } from './codec/packet.ts';
import type { Terms } from './policy/negotiate.ts';
import {
  beginTransfer,
  bytesAcked,
  lastBlockOf,
  type Step,
  stepTransfer,
  type TransferEffect,
  type TransferEvent,
  type TransferState,
} from './policy/transfer.ts';
import type { BootFile } from './ports.ts';

export type TransferRun = {
  readonly client: Endpoint;
  readonly terms: Terms;
  readonly file: BootFile;
  readonly socket: UdpSocket;
  readonly clock: Clock;
  /** Called once. The socket and the file are the caller's to close. */
  readonly onEnd: (state: Extract<TransferState, { kind: 'ended' }>, bytes: number) => void;
  readonly onReadError: (cause: unknown) => void;
};

/** How many times the last round trip is waited on top of what the state machine says. */
const PATIENCE = 2;
const LONGEST_ROUND_TRIP_MS = 500;
/** So late is no timer where the process has its turns. */
const LATE_MS = 20;
/** A second socket costs as much as it saves on so many. */
const FEW_BLOCKS = 64;

/** Carries out what the state machine says: one running transfer with its timer and its reads. */
export class Transfer {
  readonly #run: TransferRun;
  readonly #reader: BlockReader;
  #state: TransferState | undefined;
  #bytes = 0;
  #isConfirmed = false;
  #cancelTimer: Cancel = () => undefined;
  /** When the timer that runs fires, and when the client's time is over; monotonic. */
  #firesAt = Number.POSITIVE_INFINITY;
  #deadline = 0;
  #sentAt = 0;
  /** How long the client took for its last answer. */
  #roundTripMs = 0;
  /** Counts windows, so that a read that took long does not send what is no longer wanted. */
  #generation = 0;

  constructor(run: TransferRun) {
    this.#run = run;
    this.#reader = createBlockReader(run.file, run.terms.blockBytes, run.terms.window);
  }

  /** Whether the client has confirmed anything yet. */
  get hasProgressed(): boolean {
    return this.#bytes > 0;
  }

  /** Whether the client has answered at all: not so if its address is made up. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  begin(): void {
    this.#take(beginTransfer(this.#run.terms));
  }

  /** A datagram that came to the socket of this transfer. */
  receive(bytes: Uint8Array, from: Endpoint): void {
    const isStranger = from.port !== this.#run.client.port || from.address !== this.#run.client.address;
    const block = isStranger ? undefined : ackedBlock(bytes);
    if (block !== undefined) this.#hear({ kind: 'ack', block });
    else this.#receiveOther(bytes, isStranger ? from : undefined);
  }

  /** What is no ACK of the client. */
  #receiveOther(bytes: Uint8Array, stranger: Endpoint | undefined): void {
    const decoded = decodeTftp(bytes);
    if (!decoded.ok) return;
    const packet = decoded.value;
    if (!stranger) {
      if (packet.kind === 'error') this.#hear(packet);
      return;
    }
    // RFC 1350 section 4: a stranger is told so, and the transfer goes on. An ERROR is never answered.
    if (packet.kind !== 'error')
      this.#send({ kind: 'error', code: ERROR_CODES.unknownTransfer, message: 'unknown transfer' }, stranger);
  }

  /** The client said something. */
  #hear(event: TransferEvent): void {
    this.#roundTripMs = Math.min(this.#run.clock.monotonic() - this.#sentAt, LONGEST_ROUND_TRIP_MS);
    this.#step(event);
    if (this.#isConfirmed) return;
    this.#isConfirmed = true;
    const { socket, client, terms } = this.#run;
    if (this.#state?.kind === 'sending' && lastBlockOf(terms) > FEW_BLOCKS) socket.favour?.(client);
  }

  /** Ends it without a word to the client. */
  abandon(because: string): void {
    this.#take([{ kind: 'ended', outcome: 'error', because }, []]);
  }

  #step(event: TransferEvent): void {
    if (this.#state) this.#take(stepTransfer(this.#state, event, this.#run.terms));
  }

  #take([state, effects]: Step): void {
    if (this.#state?.kind === 'ended') return;
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    this.#bytes = Math.max(this.#bytes, bytesAcked(state, this.#run.terms));
    if (state.kind !== 'ended') return;
    this.#cancelTimer();
    this.#run.onEnd(state, this.#bytes);
  }

  #carryOut(effect: TransferEffect): void {
    switch (effect.kind) {
      case 'send-oack':
        this.#send({ kind: 'oack', options: this.#run.terms.oack });
        break;
      case 'send-blocks':
        this.#sendBlocks(effect.first, effect.last);
        break;
      case 'send-error':
        this.#send({ kind: 'error', code: effect.code, message: effect.message });
        break;
      case 'arm':
        this.#arm(effect.delayMs);
        break;
      default:
        effect satisfies never;
    }
  }

  /**
   * Each ACK moves the end of the wait. A timer that runs is let run and looks again when it fires, unless it would fire too
   * late: setting one anew for each block costs more than the block.
   */
  #arm(delayMs: number): void {
    const now = this.#run.clock.monotonic();
    // Where hundreds fetch at once an answer takes its time, and what is sent twice makes all of them slower.
    const patientMs = delayMs + PATIENCE * this.#roundTripMs;
    this.#sentAt = now;
    this.#deadline = now + patientMs;
    if (this.#firesAt <= this.#deadline) return;
    this.#cancelTimer();
    this.#wait(patientMs);
  }

  /** @param isGrace the client's time is over, and this is only to read what it may have said */
  #wait(delayMs: number, isGrace = false): void {
    this.#firesAt = this.#run.clock.monotonic() + delayMs;
    this.#cancelTimer = this.#run.clock.after(delayMs, () => {
      this.#firesAt = Number.POSITIVE_INFINITY;
      const leftMs = this.#deadline - this.#run.clock.monotonic();
      if (leftMs > 0) this.#wait(leftMs);
      // The whole process had no turn for so long: an answer may lie in the socket, which is read before the next timer.
      else if (leftMs < -LATE_MS && !isGrace) this.#wait(1, true);
      else this.#step({ kind: 'timeout' });
    });
  }

  #sendBlocks(first: number, last: number): void {
    const generation = ++this.#generation;
    const packets = this.#reader.read(first, last);
    if (!(packets instanceof Promise)) {
      this.#sendAll(packets);
      return;
    }
    packets
      .then((read) => {
        if (generation === this.#generation && this.#state?.kind === 'sending') this.#sendAll(read);
      })
      .catch((cause: unknown) => {
        if (this.#state?.kind === 'ended') return;
        this.#run.onReadError(cause);
        this.#step({ kind: 'read-failed' });
      });
  }

  #sendAll(packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.#run.socket.send(packet, this.#run.client);
  }

  #send(packet: TftpPacket, to: Endpoint = this.#run.client): void {
    this.#run.socket.send(encodeTftp(packet), to);
  }
}

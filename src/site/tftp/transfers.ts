import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { Endpoint, UdpPort } from '../../kernel/udp.ts';
import type { TftpRequest } from './codec/packet.ts';
import { escapeName, normaliseName } from './policy/names.ts';
import { negotiate, type TransferLimits } from './policy/negotiate.ts';
import type { TransferState } from './policy/transfer.ts';
import type { BootFile, BootFileSource, TransferReport } from './ports.ts';
import { Transfer } from './transfer-run.ts';

export type TransfersDeps = {
  readonly udp: UdpPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: BootFileSource;
  readonly limits: TransferLimits;
  readonly maxTransfers: number;
  /** From one address. */
  readonly maxPerClient: number;
  readonly onTransfer: (report: TransferReport) => void;
};

/** A read request, and how to answer it when there is nothing to transfer. */
export type TransferRequest = {
  readonly packet: TftpRequest;
  readonly from: Endpoint;
  /** The address that was asked; the answer leaves from it. */
  readonly local: Endpoint;
  readonly refuse: (why: 'not-found' | 'failed') => void;
};

/** `repeated`: the same request is already being served. `full`: too many are. */
export type Admission = 'taken' | 'repeated' | 'full';

/** A request that was taken: it counts from its first moment on, so that its repetition starts nothing. */
type Entry = TransferRequest & {
  readonly name: string;
  readonly startedAt: number;
  transfer?: Transfer;
};

/**
 * Where hundreds begin at once, what the first of them said waits to be heard. Nobody real takes longer: firmware repeats
 * its request after a second at the earliest, and we our answer before that.
 */
const FIRST_ANSWER_MS = 500;

/** All transfers that are under way, one for each endpoint. */
export class Transfers {
  readonly #deps: TransfersDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #background = new Set<Promise<void>>();
  #stopped = false;

  constructor(deps: TransfersDeps) {
    this.#deps = deps;
  }

  get active(): number {
    return this.#entries.size;
  }

  admit(request: TransferRequest): Admission {
    const key = keyOf(request.from);
    const former = this.#entries.get(key);
    if (former && isRepetition(request.packet, former)) return 'repeated';
    former?.transfer?.abandon('the client began anew');
    if (this.#stopped || !this.#makeRoom(request.from)) return 'full';
    const name = normaliseName(request.packet.filename);
    const entry: Entry = { ...request, name, startedAt: this.#deps.clock.monotonic() };
    this.#entries.set(key, entry);
    this.#inBackground(this.#open(entry));
    return 'taken';
  }

  #makeRoom({ address }: Endpoint): boolean {
    const { maxTransfers, maxPerClient } = this.#deps;
    const ofClient = [...this.#entries.values()].filter((entry) => entry.from.address === address).length;
    if (ofClient >= maxPerClient) return false;
    return this.#entries.size < maxTransfers || this.#giveWay();
  }

  /**
   * Ends the oldest transfer of which the client has confirmed nothing, though it had the time: requests from made-up addresses shall not take
   * all places for as long as we repeat our answers. What is still being opened stays, so that a flood opens no more.
   */
  #giveWay(): boolean {
    const since = this.#deps.clock.monotonic() - FIRST_ANSWER_MS;
    for (const [key, { transfer, startedAt }] of this.#entries) {
      if (startedAt > since) return false;
      if (!transfer || transfer.isConfirmed) continue;
      this.#entries.delete(key);
      transfer.abandon('it gave way to another client, as nothing of it was confirmed');
      return true;
    }
    return false;
  }

  /** Ends all of them without a word to the clients, which will ask again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const entry of this.#entries.values()) entry.transfer?.abandon('the site is stopping');
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  async #open(entry: Entry): Promise<void> {
    let file: BootFile | undefined;
    try {
      file = await this.#deps.files.find(entry.name, entry.from, entry.packet.filename);
      if (file) await this.#begin(entry, file);
      else this.#refuse(entry, 'not-found', 'there is no such file');
    } catch (cause) {
      if (file) this.#inBackground(file.close());
      const error = AppError.from(cause);
      this.#deps.log.error({ ...fieldsOf(entry), error }, 'a TFTP transfer could not begin');
      this.#refuse(entry, 'failed', error.message);
    }
  }

  async #begin(entry: Entry, file: BootFile): Promise<void> {
    const { udp, clock, log, limits } = this.#deps;
    const socket = await udp.open(
      { address: entry.local.address, port: 0 },
      // A block that could not be sent is a block that was lost.
      { onDatagram: (bytes, sender) => entry.transfer?.receive(bytes, sender) },
    );
    const transfer = new Transfer({
      client: entry.from,
      terms: negotiate(entry.packet.options, file.sizeBytes, limits),
      file,
      socket,
      clock,
      onReadError: (cause) => log.error({ ...fieldsOf(entry), error: cause }, 'a boot file could not be read'),
      onEnd: (state, bytes) => {
        if (state.outcome === 'done') this.#inBackground(confirm(file));
        this.#inBackground(socket.close());
        this.#inBackground(file.close());
        this.#end(entry, state, bytes, file.sizeBytes);
      },
    });
    entry.transfer = transfer;
    if (this.#entries.get(keyOf(entry.from)) !== entry) transfer.abandon('the client began anew');
    else if (this.#stopped) transfer.abandon('the site is stopping');
    else transfer.begin();
  }

  #refuse(entry: Entry, why: 'not-found' | 'failed', because: string): void {
    this.#end(entry, { kind: 'ended', outcome: 'error', because }, 0, 0);
    entry.refuse(why);
  }

  #end(entry: Entry, state: Extract<TransferState, { kind: 'ended' }>, bytes: number, sizeBytes: number): void {
    const key = keyOf(entry.from);
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    const { outcome, because } = state;
    const ms = Math.round(this.#deps.clock.monotonic() - entry.startedAt);
    this.#deps.onTransfer({
      endpoint: entry.from,
      name: escapeName(entry.name),
      bytes,
      sizeBytes,
      outcome,
      because,
      ms,
    });
  }

  #inBackground(work: Promise<void>): void {
    const watched = work
      .catch((cause: unknown) =>
        this.#deps.log.error({ error: cause }, 'something of a TFTP transfer failed in the background'),
      )
      .finally(() => this.#background.delete(watched));
    this.#background.add(watched);
  }
}

/** The same bytes again, before the first block was confirmed: our answer is late or lost, and our timer sees to that. */
function isRepetition(packet: TftpRequest, former: Entry): boolean {
  return !former.transfer?.hasProgressed && JSON.stringify(packet) === JSON.stringify(former.packet);
}

/** Rejects with what a listener threw: it leaves neither the file open nor the datagram's handler. */
async function confirm(file: BootFile): Promise<void> {
  file.delivered?.();
}

function keyOf(endpoint: Endpoint): string {
  return `${endpoint.address}:${endpoint.port}`;
}

function fieldsOf(entry: Entry): { remote: string; name: string } {
  return { remote: entry.from.address, name: escapeName(entry.packet.filename) };
}

import type { Ipv4 } from '../../kernel/ipv4.ts';
import { LogBudget } from '../../kernel/log-budget.ts';
import type { Clock, Log, LogFields } from '../../kernel/ports.ts';
import type { Endpoint, UdpPort, UdpSocket } from '../../kernel/udp.ts';
import { decodeTftp, ERROR_CODES, encodeTftp, type TftpRequest } from './codec/packet.ts';
import { createCounters, type TftpCounters } from './counters.ts';
import { escapeName } from './policy/names.ts';
import { DEFAULT_LIMITS, type TransferLimits } from './policy/negotiate.ts';
import type { BootFileSource, TransferReport } from './ports.ts';
import { Transfers } from './transfers.ts';

export type TftpDeps = {
  readonly udp: UdpPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: BootFileSource;
  /** Hears of each transfer once, when it is over. */
  readonly onTransfer: (report: TransferReport) => void;
  readonly settings: TftpSettings;
};

export type TftpSettings = {
  /** One socket on each; answers leave from the address that was asked. */
  readonly addresses: readonly Ipv4[];
  readonly port: number;
  readonly limits?: TransferLimits;
  /** Each takes a socket and a file; what is asked beyond it is dropped, so that the client asks again. */
  readonly maxTransfers?: number;
  /** As `maxTransfers`, for one address: who asks from ever new ports shall not take the places of all others. */
  readonly maxPerClient?: number;
};

export interface TftpServer {
  /** Rejects with an AppError: `port-in-use`, `permission-denied`, `address-unavailable`, `socket-failed`. */
  start(): Promise<void>;
  /** The endpoints it listens on. */
  endpoints(): readonly Endpoint[];
  counters(): TftpCounters;
  stop(): Promise<void>;
}

/** The 500 machines of the largest template at once, twice over, as UEFI asks for the size before it asks for the file. */
const MAX_TRANSFERS = 1_024;
const MAX_PER_CLIENT = 16;
/** One type of line, written over and over, is cut short here. */
const LINES_PER_MINUTE = 600;

/** A read-only TFTP server over a table of names. Each transfer has a socket of its own (RFC 1350 section 4). */
export function createTftpServer(deps: TftpDeps): TftpServer {
  return new Server(deps);
}

class Server implements TftpServer {
  readonly #deps: TftpDeps;
  readonly #listeners: UdpSocket[] = [];
  readonly #transfers: Transfers;
  readonly #counters = createCounters();
  readonly #budget: LogBudget;

  constructor(deps: TftpDeps) {
    this.#deps = deps;
    const { limits = DEFAULT_LIMITS, maxTransfers = MAX_TRANSFERS, maxPerClient = MAX_PER_CLIENT } = deps.settings;
    const onTransfer = (report: TransferReport) => this.#tell(report);
    this.#transfers = new Transfers({ ...deps, limits, maxTransfers, maxPerClient, onTransfer });
    this.#budget = new LogBudget(deps.clock, LINES_PER_MINUTE);
  }

  async start(): Promise<void> {
    try {
      for (const address of this.#deps.settings.addresses) this.#listeners.push(await this.#listen(address));
    } catch (cause) {
      await this.stop();
      throw cause;
    }
  }

  endpoints(): readonly Endpoint[] {
    return this.#listeners.map((listener) => listener.local);
  }

  counters(): TftpCounters {
    return { ...this.#counters, active: this.#transfers.active };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
    await this.#transfers.stop();
  }

  async #listen(address: Ipv4): Promise<UdpSocket> {
    const { udp, settings, log } = this.#deps;
    const listener: UdpSocket = await udp.open(
      { address, port: settings.port },
      {
        onDatagram: (bytes, from) => this.#receive(bytes, from, listener),
        onSendError: (error, to) =>
          log.debug({ remote: to.address, because: error.message }, 'a TFTP answer could not be sent'),
      },
    );
    return listener;
  }

  /** Nothing that a datagram holds, and no fault behind it, may leave this function as an exception. */
  #receive(bytes: Uint8Array, from: Endpoint, listener: UdpSocket): void {
    try {
      const decoded = decodeTftp(bytes);
      if (!decoded.ok) this.#ignore(from, decoded.error);
      else if (decoded.value.kind === 'rrq') this.#read(decoded.value, from, listener);
      else if (decoded.value.kind === 'wrq') this.#refuseWrite(decoded.value, from, listener);
      else this.#ignore(from, `${decoded.value.kind} came to the port for requests`);
    } catch (cause) {
      this.#deps.log.error({ remote: from.address, error: cause }, 'a TFTP request failed through a bug');
    }
  }

  #read(packet: TftpRequest, from: Endpoint, listener: UdpSocket): void {
    this.#counters.requests++;
    // netascii is answered with the bytes as they are: loaders are binary, and scripts have the line ends that they need.
    if (!/^(octet|netascii)$/i.test(packet.mode)) {
      const because = `mode ${escapeName(packet.mode)} is not served, octet is`;
      this.#refuse(packet, from, listener, ERROR_CODES.illegalOperation, because);
      return;
    }
    const refuse = (why: 'not-found' | 'failed') => {
      if (why === 'not-found') {
        this.#counters.notFound++;
        sendError(listener, from, ERROR_CODES.fileNotFound, 'there is no such file');
      } else sendError(listener, from, ERROR_CODES.undefined, 'the file cannot be sent now');
    };
    if (this.#transfers.admit({ packet, from, local: listener.local, refuse }) !== 'full') return;
    // Many boot ROMs give up for good on an ERROR, but all of them repeat a request that nobody answers.
    this.#counters.dropped++;
    this.#write('warn', { remote: from.address }, 'too many TFTP transfers: a request was dropped');
  }

  #refuseWrite(packet: TftpRequest, from: Endpoint, listener: UdpSocket): void {
    this.#refuse(packet, from, listener, ERROR_CODES.accessViolation, 'this server is read-only');
  }

  #refuse(packet: TftpRequest, from: Endpoint, listener: UdpSocket, code: number, because: string): void {
    this.#counters.refused++;
    this.#write('info', { remote: from.address, name: escapeName(packet.filename), because }, 'TFTP request refused');
    sendError(listener, from, code, because);
  }

  #ignore(from: Endpoint, because: string): void {
    this.#counters.malformed++;
    this.#write('warn', { remote: from.address, because }, 'TFTP datagram ignored');
  }

  #write(level: 'info' | 'warn', fields: LogFields, sentence: string): void {
    const spent = this.#budget.spend(sentence);
    if (!spent) return;
    this.#deps.log[level](spent.leftOut > 0 ? { ...fields, leftOutBefore: spent.leftOut } : fields, sentence);
  }

  #tell(report: TransferReport): void {
    this.#counters[report.outcome]++;
    this.#counters.bytesSent += report.bytes;
    try {
      this.#deps.onTransfer(report);
    } catch (cause) {
      this.#deps.log.error({ error: cause }, 'a listener of TFTP transfers failed');
    }
  }
}

function sendError(listener: UdpSocket, to: Endpoint, code: number, message: string): void {
  // It may quote what the client sent, and a quotation that was cut ends with a character that no packet can hold.
  listener.send(encodeTftp({ kind: 'error', code, message: message.replace(/[^\x20-\x7e]/g, '?') }), to);
}

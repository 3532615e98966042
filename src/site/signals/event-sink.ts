import { type ConnectionInjector, Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { Log } from '../../kernel/ports.ts';
import { decodeEvent } from './decode-event.ts';
import { type EventRequest, EventSinkServiceService } from './gen/talos-events.ts';
import { HeardBefore } from './policy/bounds.ts';
import { type TalosEvent, tellEvent } from './policy/tell-event.ts';
import { TcpDoor } from './tcp-door.ts';
import type { Teller } from './teller.ts';

/** More than Talos keeps to send again. */
const IDS_PER_MACHINE = 1_024;

const LIMITS = {
  'grpc.max_receive_message_length': 64 * 1024,
  'grpc.max_concurrent_streams': 8,
  'grpc.enable_channelz': 0,
};

/** Hears `talos.events.sink`: events of Talos by gRPC without TLS, one call for each. */
export class EventSink {
  readonly #teller: Teller;
  readonly #log: Log;
  readonly #heard = new HeardBefore(IDS_PER_MACHINE);
  readonly #server = new Server(LIMITS);
  readonly #injector: ConnectionInjector;
  readonly #door: TcpDoor;

  constructor({ teller, log }: { readonly teller: Teller; readonly log: Log }) {
    this.#teller = teller;
    this.#log = log;
    this.#server.addService(EventSinkServiceService, {
      publish: (
        call: { readonly request: EventRequest; getPeer(): string },
        answer: (error: Partial<ServiceError> | null, response?: object) => void,
      ) => {
        this.#hear(call.request, call.getPeer()).then(
          () => answer(null, {}),
          (error: unknown) => answer({ code: status.UNAVAILABLE, details: AppError.from(error).help }),
        );
      },
    });
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#door = new TcpDoor({
      mayEnter: (remote) => teller.sourceAt(remote) !== undefined,
      // gRPC has no limit of connections: it is given those that the door let in.
      onSocket: (socket) => this.#injector.injectConnection(socket),
      onRefused: () => teller.count('refused'),
      log,
    });
  }

  /** @throws AppError if the port cannot be had */
  listen(address: Ipv4, port: number): Promise<void> {
    return this.#door.listen(address, port);
  }

  async close(): Promise<void> {
    this.#injector.destroy();
    await this.#door.close();
    this.#server.forceShutdown();
  }

  /**
   * Rejects if the machine shall send the event again, which it then does for ever: so only where our disk is in the way.
   * What we cannot read or attribute is taken all the same.
   */
  async #hear({ id, data }: EventRequest, peer: string): Promise<void> {
    const source = this.#teller.sourceAt(peer.replace(/:\d+$/, ''));
    if (!source || !this.#teller.mayHear(source)) return;
    // A machine whose connection broke sends its backlog once more.
    if (id !== '' && this.#heard.has(source.mac, id)) return;
    const event = data && this.#decode(data.typeUrl, data.value);
    const telling = event && tellEvent(event);
    if (telling) await this.#teller.tell(source, telling);
    if (id !== '') this.#heard.note(source.mac, id);
  }

  #decode(typeUrl: string, bytes: Uint8Array): TalosEvent | undefined {
    try {
      return decodeEvent(typeUrl, bytes);
    } catch (error) {
      this.#teller.count('malformed');
      this.#log.debug({ error, type: typeUrl.slice(0, 100) }, 'an event could not be read');
      return undefined;
    }
  }
}

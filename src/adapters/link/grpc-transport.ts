import type { Socket } from 'node:net';
import {
  CallCredentials,
  ChannelCredentials,
  Client,
  type ClientReadableStream,
  Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { AppError } from '../../kernel/errors.ts';
import { DOORBELL_PATH, ERROR_HEADER, MAX_BODY_BYTES, PROOF_HEADER } from '../../wire/link/methods.ts';
import type { RawAnswer, RawCall, Transport } from './raw-answer.ts';
import type { Target } from './reach.ts';
import { secure, type TlsTrust } from './secure.ts';

const OPTIONS = {
  'grpc.max_receive_message_length': MAX_BODY_BYTES,
  'grpc.max_send_message_length': MAX_BODY_BYTES,
  // A peer that froze is noticed within the minute; some networks forget a connection after that time.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  // The loop of the link decides when to try again, with jitter.
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 1_000,
  'grpc.max_reconnect_backoff_ms': 10_000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
  'grpc.service_config_disable_resolution': 1,
};

export interface GrpcTransport extends Transport {
  /** A stream that rings; undefined where it cannot be had. */
  doorbell(call: Pick<RawCall, 'body' | 'proof'>): ClientReadableStream<Uint8Array>;
}

const bytes = (body: Uint8Array): Buffer => Buffer.from(body.buffer, body.byteOffset, body.byteLength);
const same = (body: Buffer): Uint8Array => body;

/** Carries calls by gRPC. TCP and a proxy's CONNECT are gRPC's own; TLS is ours, by our own idea of trust and time. */
export function createGrpcTransport({ host, port }: Target, trust: () => TlsTrust): GrpcTransport {
  const client = new Client(`dns:///${host.includes(':') ? `[${host}]` : host}:${port}`, new OurTls(trust), OPTIONS);
  return {
    send: (call) =>
      new Promise((resolve, reject) => {
        let body: Uint8Array | undefined;
        const options = { deadline: Date.now() + call.deadlineMs };
        const asked = client.makeUnaryRequest(
          call.path,
          bytes,
          same,
          call.body,
          headers(call.proof),
          options,
          (_error, reply) => {
            body = reply;
          },
        );
        asked.on('status', (ended: StatusObject) => {
          const answer = asAnswer(ended, body);
          if (answer) resolve(answer);
          else reject(new AppError('hub-unreachable', `${host}:${port} does not answer by gRPC: ${ended.details}`));
        });
      }),
    doorbell: ({ body, proof }) => client.makeServerStreamRequest(DOORBELL_PATH, bytes, same, body, headers(proof)),
    close: () => client.close(),
  };
}

function asAnswer(ended: StatusObject, body: Uint8Array | undefined): RawAnswer | undefined {
  const refusal = text(ended.metadata, ERROR_HEADER);
  if (refusal === undefined && (ended.code !== status.OK || !body)) return undefined;
  return { body: body ?? new Uint8Array(), proof: text(ended.metadata, PROOF_HEADER), refusal };
}

function headers(proof: string | undefined): Metadata {
  const metadata = new Metadata();
  if (proof !== undefined) metadata.set(PROOF_HEADER, proof);
  return metadata;
}

function text(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0];
  return typeof value === 'string' ? value : undefined;
}

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

class OurTls extends ChannelCredentials {
  readonly #trust: () => TlsTrust;

  constructor(trust: () => TlsTrust) {
    super();
    this.#trust = trust;
  }

  _isSecure(): boolean {
    return true;
  }

  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  _createSecureConnector(_target: unknown, _options: unknown, callCredentials?: CallCredentials): Connector {
    const credentials = callCredentials ?? CallCredentials.createEmpty();
    return {
      connect: async (socket: Socket) => {
        const tls = await secure(socket, this.#trust(), ['h2']);
        if (tls.alpnProtocol === 'h2') return { socket: tls, secure: true };
        tls.destroy();
        throw new AppError('hub-unreachable', 'something on the way speaks no HTTP/2');
      },
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => credentials,
      destroy: () => undefined,
    };
  }
}

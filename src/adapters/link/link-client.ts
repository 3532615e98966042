import { AppError } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/ports.ts';
import type { TimeKeeper } from '../../kernel/time-keeper.ts';
import type { LinkClient } from '../../wire/link/client.ts';
import { ErrorDetail } from '../../wire/link/gen/link.ts';
import { DOORBELL_PATH, METHODS, type MethodName, type ReplyOf, type RequestOf } from '../../wire/link/methods.ts';
import { type LinkIdentity, refusalPath } from '../../wire/link/ports.ts';
import { REFUSALS, Refusal, type RefusalReason } from '../../wire/link/refusals.ts';
import { hearDoorbell } from './doorbell.ts';
import { createGrpcTransport, type GrpcTransport } from './grpc-transport.ts';
import { checkReply, proveRequest, type Request } from './proofs.ts';
import type { RawAnswer, Transport } from './raw-answer.ts';
import { proxyFor, type Target } from './reach.ts';
import type { TlsTrust } from './secure.ts';
import { TransportChoice, type TransportName } from './transport-choice.ts';
import { createTwinTransport } from './twin-transport.ts';

export type LinkClientParts = {
  /** Such as `https://hub.example.com:8443`. */
  readonly url: string;
  /** undefined: the box is not enrolled. Asked for each connection and call, so that a renewal needs no restart. */
  readonly identity: () => LinkIdentity | undefined;
  /** Roots of head office, DER; none: not enrolled. */
  readonly roots: () => readonly Uint8Array[];
  /** PEM of the root of a proxy that opens TLS on the way. */
  readonly inspectionCa?: string | undefined;
  readonly time: TimeKeeper;
  readonly random: Random;
  readonly env: Readonly<Record<string, string | undefined>>;
};

type Transports = { readonly grpc: GrpcTransport; readonly twin: Transport };

/** Less is not worth a second way. */
const LEAST_MS = 500;
const NONCE_BYTES = 16;

/** A site's way to head office: see LinkClient. */
export function createLinkClient(parts: LinkClientParts): LinkClient {
  const { identity, roots, time, random } = parts;
  const target = targetOf(parts.url);
  const proxy = proxyFor(target.host, parts.env);
  const trust = (): TlsTrust => ({
    host: target.host,
    roots: roots(),
    inspectionCa: parts.inspectionCa,
    identity: identity(),
    // Until head office has said what time it is, the dates of a certificate say nothing; its signature on the answers does.
    nowMs: time.quality === 'hub' ? time.now() : undefined,
  });
  const choice = new TransportChoice();
  const open = (): Transports => ({
    grpc: createGrpcTransport(target, trust),
    twin: createTwinTransport(target, proxy, trust),
  });
  let shown = identity()?.chain[0];
  let transports = open();

  /** A new certificate is shown from now on: open connections showed the old one, or none. */
  const current = (): Transports => {
    const leaf = identity()?.chain[0];
    if (leaf === shown) return transports;
    shown = leaf;
    closeAll(transports);
    transports = open();
    return transports;
  };
  const prove = (asked: Request, isOfSite: boolean): string | undefined => {
    const own = identity();
    if (!isOfSite) return undefined;
    if (!own) throw new AppError('hub-unreachable', 'this box has no certificate of head office yet');
    return proveRequest(asked, time.now(), own);
  };
  /** One try by one way, with a nonce of its own. */
  const ask = async (name: TransportName, method: MethodName, request: object, deadlineMs: number) => {
    const { path, service } = METHODS[method];
    const body = encode(method, request);
    const nonce = service === 'site-link' ? random.bytes(NONCE_BYTES) : nonceOf(request);
    const asked = { path, nonce, body };
    const proof = prove(asked, service === 'site-link');
    try {
      const answer = await current()[name].send({ path, body, proof, deadlineMs });
      choice.worked(name, time.monotonic());
      return { asked, answer };
    } catch (error) {
      choice.failed(name, time.monotonic());
      throw error;
    }
  };
  const carry = async (method: MethodName, request: object, deadlineMs: number) => {
    const endsAt = time.monotonic() + deadlineMs;
    if (choice.first(time.monotonic()) === 'twin') return ask('twin', method, request, deadlineMs);
    try {
      return await ask('grpc', method, request, deadlineMs);
    } catch (error) {
      const leftMs = endsAt - time.monotonic();
      if (AppError.from(error).code !== 'hub-unreachable' || leftMs < LEAST_MS) throw error;
      // Its error is the better one, too: gRPC hides why.
      return ask('twin', method, request, leftMs);
    }
  };

  /** What ends the calls that are out. */
  const ends = new Set<(error: AppError) => void>();
  const untilClosed = <T>(work: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      ends.add(reject);
      work.then(resolve, reject).finally(() => ends.delete(reject));
    });

  return {
    call: async <M extends MethodName>(method: M, request: RequestOf<M>, { deadlineMs }: { deadlineMs: number }) => {
      const { asked, answer } = await untilClosed(carry(method, request as object, deadlineMs));
      return believe(method, asked, answer, {
        roots: roots(),
        nowMs: method === 'getTime' ? undefined : time.now(),
      });
    },
    onDoorbell: (ring) =>
      hearDoorbell({
        ...{ ring, time, random },
        dial: () => {
          if (!identity() || choice.first(time.monotonic()) === 'twin') return undefined;
          const body = new Uint8Array();
          const asked = { path: DOORBELL_PATH, nonce: random.bytes(NONCE_BYTES), body };
          return current().grpc.doorbell({ body, proof: prove(asked, true) });
        },
      }),
    close: async () => {
      // gRPC lets calls run on to their deadline; nobody waits for them.
      for (const end of ends) end(new AppError('hub-unreachable', 'the link was closed'));
      closeAll(transports);
    },
  };
}

type Trusted = { readonly roots: readonly Uint8Array[]; readonly nowMs: number | undefined };

/** The reply, if head office gave it to this request. */
function believe<M extends MethodName>(method: M, asked: Request, answer: RawAnswer, trusted: Trusted): ReplyOf<M> {
  if (answer.refusal !== undefined) throw refusalIn(asked, { ...answer, refusal: answer.refusal }, trusted);
  // The invite proves the answer of Enroll, so it needs no root; who is not enrolled has none.
  if (method !== 'enroll') {
    const checked = checkReply(asked, { ...answer, path: asked.path }, trusted);
    if (!checked.ok) throw unproven(asked, checked.error);
  }
  try {
    return METHODS[method].reply.decode(answer.body);
  } catch (error) {
    throw new AppError('hub-unproven', `the answer to ${asked.path} cannot be read`, { cause: error });
  }
}

function refusalIn(asked: Request, answer: RawAnswer & { readonly refusal: string }, trusted: Trusted): Error {
  const bytes = Buffer.from(answer.refusal, 'base64');
  if (trusted.roots.length > 0) {
    const covered = { path: refusalPath(asked.path), body: bytes, proof: answer.proof };
    // What is wrong may be the time itself: a refusal changes nothing, so it counts without the dates.
    const checked = checkReply(asked, covered, { ...trusted, nowMs: undefined });
    if (!checked.ok) return unproven(asked, checked.error);
  }
  try {
    const { reason, message, pauseMs, hubTimeMs } = ErrorDetail.decode(bytes);
    return new Refusal(asReason(reason), message, { pauseMs, hubTimeMs: Number(hubTimeMs) });
  } catch (error) {
    return new AppError('hub-unproven', `the refusal of ${asked.path} cannot be read`, { cause: error });
  }
}

/** A newer head office may have reasons that this site does not know: come again later. */
function asReason(word: string): RefusalReason {
  return word in REFUSALS ? (word as RefusalReason) : 'busy';
}

function unproven(asked: Request, because: string): AppError {
  return new AppError('hub-unproven', `the answer to ${asked.path} does not count: ${because}`);
}

function encode(method: MethodName, request: object): Uint8Array {
  // METHODS pairs each name with the codec of its own message; the types of the caller have checked that it is one.
  const codec = METHODS[method].request as { encode(message: object): { finish(): Uint8Array } };
  return codec.encode(request).finish();
}

function nonceOf(request: object): Uint8Array {
  return 'nonce' in request && request.nonce instanceof Uint8Array ? request.nonce : new Uint8Array();
}

function targetOf(url: string): Target {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) };
}

function closeAll({ grpc, twin }: Transports): void {
  grpc.close();
  twin.close();
}

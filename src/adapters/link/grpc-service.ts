import {
  Metadata,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Cancel } from '../../kernel/ports.ts';
import { DOORBELL_PATH, ERROR_HEADER, METHOD_NAMES, METHODS, PROOF_HEADER } from '../../wire/link/methods.ts';
import type { Bell, ConnectionFacts, LinkAnswer, LinkCall, LinkCore } from '../../wire/link/ports.ts';
import type { RefusalReason } from '../../wire/link/refusals.ts';
import { REFUSAL_STATUS } from './refusal-status.ts';

type Unary = ServerUnaryCall<Buffer, Uint8Array>;
type Stream = ServerWritableStream<Buffer, Uint8Array>;
/** Whose connection this is, by the name gRPC has for it. */
export type PeerFacts = (peer: string) => ConnectionFacts;

/** A DoorbellResponse of kind `sync`. */
const RING = Uint8Array.from([0x0a, 4, ...Buffer.from('sync')]);
const bytes = (body: Uint8Array): Buffer => Buffer.from(body.buffer, body.byteOffset, body.byteLength);
const same = (body: Buffer): Buffer => body;

/** Puts the calls of the link on a gRPC server. Bodies stay bytes: `core` decodes, since it checks what was signed. */
export function addLinkService(
  server: Server,
  parts: { core: LinkCore; bell: Bell; facts: PeerFacts; longestMs: number },
): void {
  const { core, bell, facts, longestMs } = parts;
  for (const name of METHOD_NAMES) {
    const { path } = METHODS[name];
    server.register(
      path,
      (call: Unary, done: sendUnaryData<Uint8Array>) => {
        const gone = goneSignal(call, longestMs);
        void core.answer(asLinkCall(path, call, facts, gone.signal)).then((answer) => {
          gone.cancel();
          reply(answer, done);
        });
      },
      bytes,
      same,
      'unary',
    );
  }
  server.register(
    DOORBELL_PATH,
    (call: Stream) => {
      const listener = core.doorbell(asLinkCall(DOORBELL_PATH, call, facts, new AbortController().signal));
      if (!listener.ok) return void call.destroy(grpcError(listener.error));
      // One that does not read has a ring waiting already, and needs no second.
      const cancel = bell.onRing(listener.value.site, () => !call.writableNeedDrain && call.write(RING));
      call.on('cancelled', cancel).on('close', cancel).on('error', cancel);
      // The caller learns at once that it is heard.
      call.sendMetadata(new Metadata());
    },
    bytes,
    same,
    'serverStream',
  );
}

function reply(answer: LinkAnswer, done: sendUnaryData<Uint8Array>): void {
  if (answer.kind === 'refusal') done(grpcError(answer));
  else done(null, answer.body, headers({ [PROOF_HEADER]: answer.proof }));
}

function grpcError(
  refusal: LinkAnswer & { kind: 'refusal' },
): Error & { code: number; details: string; metadata: Metadata } {
  return Object.assign(new Error(refusal.message), {
    code: GRPC_STATUS[REFUSAL_STATUS[refusal.reason]],
    details: refusal.reason satisfies RefusalReason,
    metadata: headers({ [ERROR_HEADER]: refusal.detail, [PROOF_HEADER]: refusal.proof }),
  });
}

const GRPC_STATUS = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  409: status.FAILED_PRECONDITION,
  501: status.UNIMPLEMENTED,
  503: status.UNAVAILABLE,
} as const;

function headers(of: Readonly<Record<string, string | undefined>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(of)) if (value !== undefined) metadata.set(name, value);
  return metadata;
}

function asLinkCall(path: string, call: Unary | Stream, facts: PeerFacts, signal: AbortSignal): LinkCall {
  const proof = call.metadata.get(PROOF_HEADER)[0];
  return {
    path,
    proof: typeof proof === 'string' ? proof : undefined,
    body: call.request,
    signal,
    ...facts(call.getPeer()),
  };
}

/** gRPC says so at the end of each call, and an abort without a reason makes an error with a stack. */
const GONE = 'nobody waits for the answer';

function goneSignal(call: Unary, longestMs: number): { readonly signal: AbortSignal; readonly cancel: Cancel } {
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(GONE), longestMs);
  call.on('cancelled', () => gone.abort(GONE));
  return { signal: gone.signal, cancel: () => clearTimeout(timer) };
}

import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { Result } from '../../kernel/result.ts';
import { err, ok } from '../../kernel/result.ts';
import { ErrorDetail, ReplyProof, type RequestProof } from '../../wire/link/gen/link.ts';
import type { Caller, LinkHandlers, Stranger } from '../../wire/link/handlers.ts';
import { DOORBELL_PATH, MAX_BODY_BYTES, METHOD_NAMES, METHODS, type MethodName } from '../../wire/link/methods.ts';
import {
  type CallerCheck,
  type LinkAnswer,
  type LinkCall,
  type LinkCore,
  type ReplySigner,
  refusalPath,
} from '../../wire/link/ports.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import { replyText } from '../../wire/link/signed-texts.ts';
import { checkRequest, digestOf, readProof } from './check-request.ts';
import { NonceWindow } from './policy/nonces.ts';

export type LinkCoreParts = {
  readonly handlers: LinkHandlers;
  readonly callers: CallerCheck;
  readonly signer: ReplySigner;
  readonly clock: Clock;
  readonly log: Log;
};

/** A method with its types put aside: which message belongs to which handler, METHODS says. */
type AnyMethod = {
  readonly name: MethodName;
  readonly path: string;
  readonly isOfStranger: boolean;
  readonly decode: (bytes: Uint8Array) => object;
  readonly encode: (reply: object) => Uint8Array;
};
type AnyHandler = (caller: Caller | Stranger, request: object, signal: AbortSignal) => Promise<object>;
/** What an answer is signed over besides itself; undefined: the call brought nothing that could be signed. */
type Asked = { readonly path: string; readonly nonce: Uint8Array; readonly body: Uint8Array };

const BY_PATH: ReadonlyMap<string, AnyMethod> = new Map(METHOD_NAMES.map((name) => [METHODS[name].path, plain(name)]));
/** A handler that failed is not asked again at once by everybody. */
const PAUSE_AFTER_FAILURE_MS = 10_000;

/** Head office from bytes to bytes, the same for each transport: who asks is proved, what is answered is signed. */
export function createLinkCore({ handlers, callers, signer, clock, log }: LinkCoreParts): LinkCore {
  const startedAtMs = clock.now();
  const nonces = new NonceWindow(startedAtMs);

  const check = (call: LinkCall, proof: RequestProof | undefined): Result<Caller, Refusal> => {
    const known = checkRequest(call, proof, { callers, nonces, startedAtMs, nowMs: clock.now() });
    if (!known.ok) return known;
    call.proved?.();
    const { site, serial } = known.value;
    return ok({ site, serial, remote: call.remote, throughProxy: call.tlsCertificate === undefined });
  };
  const prove = (asked: Asked | undefined, path: string, body: Uint8Array): string | undefined => {
    if (!asked || asked.nonce.length === 0) return undefined;
    const servedAtMs = BigInt(clock.now());
    const nonce = Buffer.from(asked.nonce).toString('hex');
    const text = replyText({ path, nonce, servedAtMs, request: digestOf(asked.body), body: digestOf(body) });
    const { chain, signature } = signer.sign(text);
    return Buffer.from(ReplyProof.encode({ servedAtMs, signerChain: [...chain], signature }).finish()).toString(
      'base64',
    );
  };
  const refuse = (call: LinkCall, asked: Asked | undefined, thrown: unknown): LinkAnswer & { kind: 'refusal' } => {
    const refusal = thrown instanceof Refusal ? thrown : asBusy(thrown, call, log);
    const { reason, message, pauseMs } = refusal;
    const hubTimeMs = BigInt(refusal.hubTimeMs ?? clock.now());
    const detail = ErrorDetail.encode({ reason, message, pauseMs, hubTimeMs }).finish();
    const base64 = Buffer.from(detail).toString('base64');
    try {
      return { kind: 'refusal', reason, message, detail: base64, proof: prove(asked, refusalPath(call.path), detail) };
    } catch (error) {
      log.error({ error, path: call.path }, 'an answer could not be signed');
      return { kind: 'refusal', reason, message, detail: base64, proof: undefined };
    }
  };
  const serve = async (
    method: AnyMethod,
    call: LinkCall,
    asked: { current: Asked | undefined },
  ): Promise<LinkAnswer> => {
    const proof = readProof(call.proof);
    if (proof) asked.current = { path: call.path, nonce: proof.nonce, body: call.body };
    const caller: Result<Caller | Stranger, Refusal> = method.isOfStranger
      ? ok({ remote: call.remote })
      : check(call, proof);
    if (!caller.ok) throw caller.error;
    const request = decode(method, call.body);
    if (method.isOfStranger) asked.current = { path: call.path, nonce: nonceOf(request), body: call.body };
    // One table has the messages and the handlers of a name: what is decoded for it is what it takes.
    const handler = handlers[method.name] as unknown as AnyHandler;
    const body = method.encode(await handler(caller.value, request, call.signal));
    if (body.length > MAX_BODY_BYTES) throw new AppError('internal', `an answer of ${body.length} bytes is too large`);
    return { kind: 'reply', body, proof: prove(asked.current, call.path, body) };
  };

  return {
    answer: async (call) => {
      const asked: { current: Asked | undefined } = { current: undefined };
      try {
        const method = BY_PATH.get(call.path);
        if (!method) throw new Refusal('method-unknown', `head office has no call ${call.path.slice(0, 100)}`);
        return await serve(method, call, asked);
      } catch (error) {
        return refuse(call, asked.current, error);
      }
    },
    doorbell: (call) => {
      const proof = readProof(call.proof);
      const asked = proof && { path: DOORBELL_PATH, nonce: proof.nonce, body: call.body };
      try {
        const caller = check(call, proof);
        return caller.ok ? ok({ site: caller.value.site }) : err(refuse(call, asked, caller.error));
      } catch (error) {
        return err(refuse(call, asked, error));
      }
    },
  };
}

function plain<M extends MethodName>(name: M): AnyMethod {
  const method = METHODS[name];
  return {
    name,
    path: method.path,
    isOfStranger: method.service === 'bootstrap',
    decode: (bytes) => method.request.decode(bytes) as object,
    encode: (reply) => method.reply.encode(reply as Parameters<typeof method.reply.encode>[0]).finish(),
  };
}

function decode(method: AnyMethod, body: Uint8Array): object {
  try {
    return method.decode(body);
  } catch (error) {
    throw new Refusal('request-malformed', `the request is no ${method.name}: ${AppError.from(error).message}`);
  }
}

function nonceOf(request: object): Uint8Array {
  return 'nonce' in request && request.nonce instanceof Uint8Array ? request.nonce : new Uint8Array();
}

/** What went wrong here is not the site's business: it is told to come again, and the log has the rest. */
function asBusy(thrown: unknown, call: LinkCall, log: Log): Refusal {
  const error = AppError.from(thrown);
  const fields = { path: call.path, remote: call.remote, reason: error.message };
  if (error.family === 'ours') log.error({ ...fields, error }, 'a call of a site failed here');
  else log.warn(fields, 'a call of a site could not be served');
  return new Refusal('busy', 'head office cannot serve this just now', { pauseMs: PAUSE_AFTER_FAILURE_MS });
}

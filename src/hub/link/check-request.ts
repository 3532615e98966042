import { createPublicKey, hash, type KeyObject, verify, X509Certificate } from 'node:crypto';
import type { Result } from '../../kernel/result.ts';
import { err, ok } from '../../kernel/result.ts';
import { RequestProof } from '../../wire/link/gen/link.ts';
import type { CallerCheck, KnownCaller, LinkCall } from '../../wire/link/ports.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import { requestText } from '../../wire/link/signed-texts.ts';
import { MOST_SKEW_MS, type NonceWindow } from './policy/nonces.ts';

const NONCE_BYTES = 16;

/** Lower-case hex of the sha256. */
export function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** The proof in the header of a call: undefined if there is none or it cannot be read. */
export function readProof(header: string | undefined): RequestProof | undefined {
  if (header === undefined) return undefined;
  try {
    return RequestProof.decode(Buffer.from(header, 'base64'));
  } catch {
    return undefined;
  }
}

export type RequestCheck = {
  readonly callers: CallerCheck;
  readonly nonces: NonceWindow;
  readonly nowMs: number;
  /** Since when nonces are remembered. */
  readonly startedAtMs: number;
};

/** Whether this very call was made by a site, now, and for the first time. Fails with the reason for which it is refused. */
export function checkRequest(
  call: LinkCall,
  proof: RequestProof | undefined,
  parts: RequestCheck,
): Result<KnownCaller, Refusal> {
  if (call.proof === undefined) return refused('certificate-missing', 'the call carries no proof of who asks');
  if (!proof || proof.nonce.length !== NONCE_BYTES)
    return refused('request-malformed', 'the proof of the call cannot be read');
  const known = parts.callers.check(proof.certificateChain);
  if (!known.ok) return known;
  const caller = known.value;
  const nonce = Buffer.from(proof.nonce).toString('hex');
  const text = requestText({ path: call.path, nonce, sentAtMs: proof.sentAtMs, body: digestOf(call.body) });
  if (!isSignedBy(caller.publicKey, text, proof.signature))
    return refused('signature-wrong', `the call is not signed by the key of ${caller.site}`);
  if (call.tlsCertificate && !isOfSite(call.tlsCertificate, proof.certificateChain[0], caller.site))
    return refused('certificate-foreign', `TLS shows another certificate than one of ${caller.site}`);
  return checkTime(caller, nonce, Number(proof.sentAtMs), parts);
}

function checkTime(
  caller: KnownCaller,
  nonce: string,
  sentAtMs: number,
  { nonces, nowMs, startedAtMs }: RequestCheck,
): Result<KnownCaller, Refusal> {
  const offMs = sentAtMs - nowMs;
  if (Math.abs(offMs) > MOST_SKEW_MS) {
    const where = offMs > 0 ? 'ahead of' : 'behind';
    const message = `the time of ${caller.site} is ${Math.round(Math.abs(offMs) / 60_000)} min ${where} head office`;
    return err(new Refusal('clock-skew', message, { hubTimeMs: nowMs }));
  }
  // What was served before a restart is not remembered. Where the clock was set back since, its start says nothing.
  if (sentAtMs < startedAtMs && startedAtMs <= nowMs)
    return refused('replayed', 'it was sent before head office started, and may have been served then');
  const verdict = nonces.see(caller.site, nonce, nowMs);
  if (verdict === 'replayed') return refused('replayed', 'this very request was served before');
  if (verdict === 'full')
    return err(new Refusal('busy', `${caller.site} asks more than one site may`, { pauseMs: 60_000 }));
  return ok(caller);
}

function refused(reason: Refusal['reason'], message: string): Result<never, Refusal> {
  return err(new Refusal(reason, message));
}

function isSignedBy(publicKey: Uint8Array, text: string, signature: Uint8Array): boolean {
  try {
    return verify('sha256', Buffer.from(text), keyOf(publicKey), signature);
  } catch {
    return false;
  }
}

/** Read once for as long as the certificate is remembered that it is in. */
const keys = new WeakMap<Uint8Array, KeyObject>();

function keyOf(publicKey: Uint8Array): KeyObject {
  const key = keys.get(publicKey) ?? createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  keys.set(publicKey, key);
  return key;
}

/** Whether TLS shows a certificate of this site. It is nearly always the one that the call was just found to be proved with. */
function isOfSite(tlsCertificate: Uint8Array, proved: Uint8Array | undefined, site: string): boolean {
  return (proved && Buffer.compare(tlsCertificate, proved) === 0) || siteIn(tlsCertificate) === site;
}

/** The site that a certificate names; whether it is a good one, the check of the proof says. */
function siteIn(der: Uint8Array): string | undefined {
  try {
    const names = new X509Certificate(der).subjectAltName ?? '';
    return /(?:^|, )URI:slipway:site:([a-z0-9-]+)(?:,|$)/.exec(names)?.[1];
  } catch {
    return undefined;
  }
}

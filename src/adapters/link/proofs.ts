import { createPrivateKey, hash, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { Memo } from '../../kernel/memo.ts';
import type { Result } from '../../kernel/result.ts';
import { err, ok } from '../../kernel/result.ts';
import { ReplyProof, RequestProof } from '../../wire/link/gen/link.ts';
import type { LinkIdentity } from '../../wire/link/ports.ts';
import { replyText, requestText } from '../../wire/link/signed-texts.ts';

export type Request = { readonly path: string; readonly nonce: Uint8Array; readonly body: Uint8Array };

const SIGNER = 'URI:slipway:signer';

/** The value of PROOF_HEADER for a call by this box. */
export function proveRequest({ path, nonce, body }: Request, sentAtMs: number, identity: LinkIdentity): string {
  const text = requestText({ path, nonce: hex(nonce), sentAtMs: BigInt(sentAtMs), body: digestOf(body) });
  const proof = RequestProof.encode({
    nonce,
    sentAtMs: BigInt(sentAtMs),
    certificateChain: [...identity.chain],
    signature: sign('sha256', Buffer.from(text), keyOf(identity)),
  });
  return Buffer.from(proof.finish()).toString('base64');
}

/** What a reply is checked with. `nowMs` undefined: the time is not known yet, so the dates of the certificate say nothing. */
export type ReplyCheck = { readonly roots: readonly Uint8Array[]; readonly nowMs: number | undefined };

/**
 * Whether head office gave this answer to this request. `path` is that of the request, or its refusalPath for a refusal.
 * Fails with the reason in words.
 */
export function checkReply(
  request: Request,
  answer: { readonly path: string; readonly body: Uint8Array; readonly proof: string | undefined },
  { roots, nowMs }: ReplyCheck,
): Result<{ readonly servedAtMs: number }, string> {
  if (answer.proof === undefined) return err('it carries no signature of head office');
  try {
    const proof = ReplyProof.decode(Buffer.from(answer.proof, 'base64'));
    const leaf = proof.signerChain[0];
    if (!leaf) return err('its signature names no certificate');
    const certificate = read(leaf);
    const wrong = whatIsWrong(certificate, roots, nowMs);
    if (wrong) return err(wrong);
    const text = replyText({
      path: answer.path,
      nonce: hex(request.nonce),
      servedAtMs: proof.servedAtMs,
      request: digestOf(request.body),
      body: digestOf(answer.body),
    });
    const isSigned = verify('sha256', Buffer.from(text), certificate.publicKey, proof.signature);
    if (!isSigned) return err('its signature is over another answer, or an answer to another request');
    return ok({ servedAtMs: Number(proof.servedAtMs) });
  } catch {
    return err('its signature cannot be read');
  }
}

function whatIsWrong(
  certificate: X509Certificate,
  roots: readonly Uint8Array[],
  nowMs: number | undefined,
): string | undefined {
  if (!isFromRoot(certificate, roots))
    return `it is signed under another root: ${certificate.issuer.replaceAll('\n', ', ')}`;
  const names = (certificate.subjectAltName ?? '').split(', ');
  if (!names.includes(SIGNER)) return 'it is signed by a certificate that is not for signing answers';
  if (nowMs === undefined || isValidAt(certificate, nowMs)) return undefined;
  return `the time of the certificate that signed it is ${certificate.validFrom} to ${certificate.validTo}, and here it is ${new Date(nowMs).toISOString()}`;
}

/** Whether one of these roots (DER) issued the certificate. */
export function isFromRoot(certificate: X509Certificate, roots: readonly Uint8Array[]): boolean {
  return roots.some((der) => {
    const root = read(der);
    return certificate.checkIssued(root) && certificate.verify(root.publicKey);
  });
}

export function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  return nowMs >= certificate.validFromDate.getTime() && nowMs <= certificate.validToDate.getTime();
}

/** Read once for as long as the box has this identity. */
const keys = new WeakMap<LinkIdentity, KeyObject>();

function keyOf(identity: LinkIdentity): KeyObject {
  const key = keys.get(identity) ?? createPrivateKey(identity.privateKey);
  keys.set(identity, key);
  return key;
}

/** Head office signs with the same few certificates for weeks. */
const certificates = new Memo<X509Certificate>(8);

function read(der: Uint8Array): X509Certificate {
  const digest = digestOf(der);
  const certificate = certificates.get(digest) ?? new X509Certificate(der);
  certificates.set(digest, certificate);
  return certificate;
}

function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

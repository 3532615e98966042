import { err, ok, type Result } from '../../kernel/result.ts';
import { EnrollGrant, type EnrollRequest, type EnrollResponse, type Hardware } from './gen/link.ts';
import type { InviteCode } from './invite-code.ts';
import { enrollText, grantText } from './signed-texts.ts';

/** What proving a code needs of cryptography. */
export type EnrolmentCrypto = {
  /** Lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => string;
  /** HMAC-SHA-256 over a text in UTF-8. */
  readonly hmac: (key: Uint8Array, text: string) => Uint8Array;
  /** Compares in a time that says nothing of how much was the same. */
  readonly isSame: (a: Uint8Array, b: Uint8Array) => boolean;
};

/** What a box sends to join: the code's secret is proved by it, and is not in it. */
export function enrolmentRequest(
  code: InviteCode,
  box: {
    readonly nonce: Uint8Array;
    readonly csr: Uint8Array;
    readonly sealingKey: Uint8Array;
    readonly hardware: Hardware | undefined;
    readonly version: string;
    readonly site: string;
  },
  crypto: EnrolmentCrypto,
): EnrollRequest {
  const request = { inviteId: code.id, ...box, proof: new Uint8Array() };
  return { ...request, proof: enrolmentProof(secretOf(code), request, crypto) };
}

/** What a box must show of the secret `secret` with this request. */
export function enrolmentProof(
  secret: Uint8Array,
  { inviteId, nonce, csr, sealingKey }: Pick<EnrollRequest, 'inviteId' | 'nonce' | 'csr' | 'sealingKey'>,
  crypto: EnrolmentCrypto,
): Uint8Array {
  const text = enrollText({ inviteId, nonce: hex(nonce), csr: crypto.sha256(csr), sealingKey: hex(sealingKey) });
  return crypto.hmac(secret, text);
}

/** What head office must show of the same secret with its answer. */
export function grantProof(
  secret: Uint8Array,
  { inviteId, nonce }: Pick<EnrollRequest, 'inviteId' | 'nonce'>,
  grant: Uint8Array,
  crypto: EnrolmentCrypto,
): Uint8Array {
  return crypto.hmac(secret, grantText({ inviteId, nonce: hex(nonce), grant: crypto.sha256(grant) }));
}

/** The grant, if whoever answered knows the secret of the code as well. Fails with a sentence. */
export function readGrant(
  code: InviteCode,
  request: EnrollRequest,
  { grant, proof }: EnrollResponse,
  crypto: EnrolmentCrypto,
): Result<EnrollGrant, string> {
  if (!crypto.isSame(proof, grantProof(secretOf(code), request, grant, crypto)))
    return err('whoever answered does not know the code: it is not head office');
  try {
    return ok(EnrollGrant.decode(grant));
  } catch {
    return err('what head office grants cannot be read: it is newer than this site');
  }
}

/** The letters of the secret are the key as they stand: as bytes of ASCII. */
export function secretOf({ secret }: InviteCode): Uint8Array {
  return Uint8Array.from(secret, (letter) => letter.charCodeAt(0));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

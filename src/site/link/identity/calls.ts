import { createPrivateKey, sign } from 'node:crypto';
import { AppError } from '../../../kernel/errors.ts';
import type { Random } from '../../../kernel/ports.ts';
import type { X509 } from '../../../model/fleet/x509.ts';
import type { LinkClient } from '../../../wire/link/client.ts';
import { type EnrolmentCrypto, enrolmentRequest, readGrant } from '../../../wire/link/enrolment.ts';
import type { EnrollGrant, Hardware, RecoverRequest, RenewResponse } from '../../../wire/link/gen/link.ts';
import type { InviteCode } from '../../../wire/link/invite-code.ts';
import { recoverText } from '../../../wire/link/signed-texts.ts';
import { type BoxKeys, toBytes } from './kept.ts';
import type { OwnIdentity } from './shelf.ts';

const DEADLINE = { deadlineMs: 30_000 };

export type IdentityCallParts = {
  readonly site: string;
  readonly x509: X509;
  readonly crypto: EnrolmentCrypto;
  readonly hardware: Hardware | undefined;
  readonly version: string;
  readonly random: Random;
};
type Way = Pick<LinkClient, 'call'>;

/** Proves a code with these keys. Rejects with `hub-unproven` if whoever answers does not know the code, or as LinkClient does. */
export async function callEnroll(
  code: InviteCode,
  { key, sealing }: BoxKeys,
  client: Way,
  { site, x509, crypto, hardware, version, random }: IdentityCallParts,
): Promise<EnrollGrant> {
  const csr = await x509.createRequest({ name: site, key });
  const box = { nonce: random.bytes(16), csr, sealingKey: toBytes(sealing.publicKey), hardware, version, site };
  const request = enrolmentRequest(code, box, crypto);
  const granted = readGrant(code, request, await client.call('enroll', request, DEADLINE), crypto);
  if (!granted.ok) throw new AppError('hub-unproven', granted.error);
  if (granted.value.site !== site)
    throw new AppError('hub-unproven', `the code is for site ${granted.value.site}, and this box is ${site}`);
  return granted.value;
}

/**
 * Asks for the next certificate with the same key: whoever can prove it is who it was, whatever became of the one before.
 * Rejects with `hub-unproven` if the answer is not the next certificate of this box, or as LinkClient does.
 */
export async function callForNext(
  how: 'renew' | 'recover',
  identity: OwnIdentity,
  client: Way,
  parts: IdentityCallParts,
): Promise<RenewResponse> {
  const csr = await parts.x509.createRequest({ name: parts.site, key: identity.key });
  const reply = await (how === 'renew'
    ? client.call('renew', { csr }, DEADLINE)
    : client.call('recover', recoverRequest(identity, csr, parts), DEADLINE));
  const because = whyNotNext(how, identity, reply.certificateChain, parts);
  if (because !== undefined) throw new AppError('hub-unproven', because);
  return reply;
}

function recoverRequest(
  { facts, key }: OwnIdentity,
  csr: Uint8Array,
  { random, crypto: { sha256 } }: IdentityCallParts,
): RecoverRequest {
  const nonce = random.bytes(16);
  const text = recoverText({
    ...{ nonce: Buffer.from(nonce).toString('hex'), certificate: sha256(facts.der), csr: sha256(csr) },
  });
  const proof = new Uint8Array(sign('sha256', Buffer.from(text), createPrivateKey(key)));
  return { certificate: facts.der, csr, nonce, proof };
}

function whyNotNext(
  how: 'renew' | 'recover',
  { facts, roots }: OwnIdentity,
  chain: readonly Uint8Array[],
  { site, x509 }: IdentityCallParts,
): string | undefined {
  const found = x509.verify(chain, roots.map(toBytes), undefined);
  if (!found.ok) return `a certificate was given that is not one of head office: ${found.error.because}`;
  const { keyDigest, notAfter, site: named } = found.value;
  if (keyDigest !== facts.keyDigest || named !== site) return 'a certificate was given that is for another box';
  if (how === 'renew' && notAfter <= facts.notAfter)
    return 'a certificate was given that ends before the one that this box has';
  return undefined;
}

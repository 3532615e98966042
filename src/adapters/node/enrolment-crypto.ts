import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What proving an invite needs of cryptography, by node's own: an `EnrolmentCrypto` of the link. */
export const enrolmentCrypto = {
  sha256: (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex'),
  hmac: (key: Uint8Array, text: string): Uint8Array =>
    new Uint8Array(createHmac('sha256', key).update(text, 'utf8').digest()),
  isSame: (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b),
};

import type { Digest } from '../../kernel/digest.ts';
import type { Result } from '../../kernel/result.ts';

/**
 * What a certificate of this fleet is for. It stands in the URI of its subject alternative name: `slipway:server`,
 * `slipway:signer` or `slipway:site:NAME`; a root has none.
 */
export type CertificateRole = 'root' | 'server' | 'signer' | 'site' | 'other';

export type CertificateFacts = {
  readonly role: CertificateRole;
  /** Of a certificate of a site. */
  readonly site?: string;
  /** Hex, lower case. */
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** sha256 of the public key (SPKI, DER), and the key itself. */
  readonly keyDigest: Digest;
  readonly publicKey: Uint8Array;
  /** DER. */
  readonly der: Uint8Array;
};

/** A request for a certificate, whose signature was found to be right. */
export type RequestFacts = { readonly keyDigest: Digest; readonly publicKey: Uint8Array };

/** Why a chain is not believed, in words for people as well. */
export type ChainFailure = {
  readonly kind: 'missing' | 'malformed' | 'foreign' | 'not-yet' | 'expired';
  readonly because: string;
  /** Of the certificate in question, if it could be read. */
  readonly facts?: CertificateFacts;
};

/** Whoever signs: a certificate in DER, and its key as PKCS #8 in PEM. */
export type Issuer = { readonly certificate: Uint8Array; readonly key: string };
export type Validity = { readonly notBefore: number; readonly notAfter: number };
export type LeafRole =
  | { readonly role: 'server'; readonly hosts: readonly string[] }
  | { readonly role: 'signer' }
  | { readonly role: 'site'; readonly site: string };

/** Makes and reads certificates. All keys are on P-256, all signatures ECDSA with SHA-256; whatever else comes is refused. */
export interface X509 {
  /** A new private key: PKCS #8 in PEM. */
  createKey(): string;
  /** The public half (SPKI, DER) of a private key. Throws an Error if it is not a key on P-256. */
  publicKeyOf(key: string): RequestFacts;
  /** A root in DER. */
  createRoot(root: { readonly name: string; readonly key: string; readonly validity: Validity }): Promise<Uint8Array>;
  /** A leaf in DER, issued right below a root. `hosts` are DNS names or addresses. */
  issue(
    leaf: LeafRole & { readonly publicKey: Uint8Array; readonly validity: Validity },
    issuer: Issuer,
  ): Promise<Uint8Array>;
  /** A PKCS #10 request in DER. The name is for people: whoever issues decides about it. */
  createRequest(request: { readonly name: string; readonly key: string }): Promise<Uint8Array>;
  /** Fails with a sentence if it is none, its signature is wrong, or its key is not on P-256. */
  readRequest(der: Uint8Array): Promise<Result<RequestFacts, string>>;
  /** Fails with a sentence if it cannot be read. Nothing is said about whether it is to be believed. */
  read(der: Uint8Array): Result<CertificateFacts, string>;
  /** Whether a certificate is good for each of these DNS names and addresses. */
  namesHosts(der: Uint8Array, hosts: readonly string[]): boolean;
  /**
   * Whether the first certificate of `chain` was issued by one of `roots`, and is good now. Others in the chain count for
   * nothing. Without `nowMs` its dates are not looked at: for the one call that asks for the time.
   */
  verify(
    chain: readonly Uint8Array[],
    roots: readonly Uint8Array[],
    nowMs: number | undefined,
  ): Result<CertificateFacts, ChainFailure>;
}

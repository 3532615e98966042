import type { Cancel } from '../../kernel/ports.ts';
import type { Result } from '../../kernel/result.ts';
import type { Refusal, RefusalReason } from './refusals.ts';

/** What a box proves itself with. */
export type LinkIdentity = {
  /** DER, its own certificate first. */
  readonly chain: readonly Uint8Array[];
  /** The key of that certificate: P-256, PKCS #8 in PEM. */
  readonly privateKey: string;
};

/** Who may call: asked for each call, so that a connection does not outlive a certificate. */
export interface CallerCheck {
  /**
   * Whom these certificates (DER, the own one first) stand for, if they count now. Fails with the exact reason: `certificate-…`,
   * `site-unknown`, `site-retired`.
   */
  check(chain: readonly Uint8Array[]): Result<KnownCaller, Refusal>;
}
export type KnownCaller = {
  readonly site: string;
  /** Of the certificate, in lower-case hex. */
  readonly serial: string;
  /** Of the certificate; SPKI, DER. */
  readonly publicKey: Uint8Array;
};

/** Head office's hand: ECDSA with SHA-256 in DER, by the key of the first certificate of `chain` (URI SAN `slipway:signer`). */
export interface ReplySigner {
  sign(text: string): { readonly chain: readonly Uint8Array[]; readonly signature: Uint8Array };
}

/** What wakes those who wait for something new for a site. A hint: nothing is lost with it. */
export interface Bell {
  /** Tells all that listen for this site. */
  ring(site: string): void;
  onRing(site: string, run: () => void): Cancel;
}

/** A call as it came, by whichever transport. Header values are base64 as they stood there. */
export type LinkCall = {
  readonly path: string;
  readonly proof: string | undefined;
  readonly body: Uint8Array;
  /** Set when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
} & ConnectionFacts;
/** What is known of the connection that a call came by. */
export type ConnectionFacts = {
  readonly remote: string;
  /** DER of the certificate that the caller showed in TLS. */
  readonly tlsCertificate: Uint8Array | undefined;
  /** To be called when a call over it was proved to be a site's. */
  readonly proved?: () => void;
};
export type LinkAnswer =
  | { readonly kind: 'reply'; readonly body: Uint8Array; readonly proof: string | undefined }
  | {
      readonly kind: 'refusal';
      readonly reason: RefusalReason;
      /** For people. */
      readonly message: string;
      /** Base64 of an ErrorDetail, which is what the proof covers. */
      readonly detail: string;
      readonly proof: string | undefined;
    };

/** Head office from bytes to bytes. It never rejects. */
export interface LinkCore {
  answer(call: LinkCall): Promise<LinkAnswer>;
  /** Who listens at the doorbell, or the refusal. */
  doorbell(call: LinkCall): Result<{ readonly site: string }, LinkAnswer & { readonly kind: 'refusal' }>;
}

/** A refusal is signed over this in place of the path, so that none can be taken for a reply. */
export function refusalPath(path: string): string {
  return `${path}#refused`;
}

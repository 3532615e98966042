import type { Digest } from '../../kernel/digest.ts';

/**
 * A revision as it travels: canonical JSON in UTF-8, named by its sha256. Everything a site needs is in it, and everything is
 * covered by the statement that a release key signed.
 */
export type RevisionBundle = {
  readonly format: 'slipway-bundle/v1';
  /** Canonical JSON of a RevisionStatement: signed as it stands. */
  readonly statement: string;
  readonly signatures: readonly StatementSignature[];
  /** A Revision of the model without its number and digest, in canonical JSON; its sha256 is `statement.content`. */
  readonly content: string;
  /** The site's secrets by name, each sealed for the site alone; the sha256 of their canonical JSON is `statement.secrets`. */
  readonly secrets: Readonly<Record<string, SealedSecret>>;
};

export type RevisionStatement = {
  readonly format: 'slipway-revision/v1';
  readonly site: string;
  /** Counted upwards per site; a lower one than the highest accepted is refused, whatever it holds. */
  readonly number: number;
  readonly template: string;
  /** The digest of the revision. */
  readonly content: Digest;
  readonly secrets: Digest;
  /** For people; nothing is decided by it. ISO 8601. */
  readonly signedAt: string;
  /** What a reader must know, such as `revision/v1`; a site that lacks one refuses. */
  readonly needs: readonly string[];
};

/** Ed25519 by a release key, base64. */
export type StatementSignature = { readonly keyId: string; readonly signature: string };

/** X25519 with a key of its own per secret, HKDF-SHA-256, AES-256-GCM; all base64. Bound to site and name, so that it opens nowhere else. */
export type SealedSecret = {
  /** The site's public key that it is sealed for: after a box was replaced, it says why a secret does not open. */
  readonly recipient: string;
  readonly ephemeralKey: string;
  readonly nonce: string;
  readonly ciphertext: string;
};

/** A text and who signed it: of a key set as it travels, in canonical JSON. */
export type SignedStatement = { readonly statement: string; readonly signatures: readonly StatementSignature[] };

/** What `needs` of a statement may name: how the content is written, and how secrets are sealed. */
export const BUNDLE_NEEDS = { revision: 'revision/v1', sealed: 'sealed/v1' } as const;

/** Who may sign revisions. Version 1 comes with the invite; each later one is signed by a key of the one before. */
export type KeySet = {
  readonly format: 'slipway-keys/v1';
  readonly version: number;
  readonly keys: readonly ReleaseKey[];
  /** Ids of keys that were taken away, and since which version; so that a refusal can say it. */
  readonly retired: Readonly<Record<string, number>>;
};
/** Ed25519; `id` is the first 16 hex digits of the sha256 of the raw public key, which is base64. */
export type ReleaseKey = { readonly id: string; readonly publicKey: string; readonly comment: string };

/**
 * The texts that are signed or proved, one per purpose and with the purpose in front, so that no signature can be taken for
 * another. All digests are sha256 in lower-case hex, all bytes lower-case hex.
 */

/** What a site signs of a call of SiteLink. `path` as in METHODS, `body` the digest of the request's bytes. */
export function requestText(of: { path: string; nonce: string; sentAtMs: bigint; body: string }): string {
  return ['slipway-request-v1', of.path, of.nonce, of.sentAtMs, of.body].join('\n');
}

/** What head office signs of an answer. `request` and `body` are the digests of both bodies, `nonce` that of the request. */
export function replyText(of: {
  path: string;
  nonce: string;
  servedAtMs: bigint;
  request: string;
  body: string;
}): string {
  return ['slipway-reply-v1', of.path, of.nonce, of.servedAtMs, of.request, of.body].join('\n');
}

/** What a site proves with the secret of an invite. `csr` is a digest, `sealingKey` the key itself. */
export function enrollText(of: { inviteId: string; nonce: string; csr: string; sealingKey: string }): string {
  return ['slipway-enroll-v1', of.inviteId, of.nonce, of.csr, of.sealingKey].join('\n');
}

/** What head office proves with the same secret. `grant` is the digest of the grant's bytes. */
export function grantText(of: { inviteId: string; nonce: string; grant: string }): string {
  return ['slipway-grant-v1', of.inviteId, of.nonce, of.grant].join('\n');
}

/** What a site signs with the key of a certificate that is not accepted any more. */
export function recoverText(of: { nonce: string; certificate: string; csr: string }): string {
  return ['slipway-recover-v1', of.nonce, of.certificate, of.csr].join('\n');
}

/** What a release key signs of a revision or of a key set. `statement` is the digest of the statement's bytes. */
export function statementText(of: { kind: 'revision' | 'key-set'; statement: string }): string {
  return ['slipway-statement-v1', of.kind, of.statement].join('\n');
}

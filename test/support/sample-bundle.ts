import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { sha256OfText } from '../../src/adapters/node/hash.ts';
import { releaseKeyId, verifyRelease } from '../../src/adapters/node/release-keys.ts';
import { canonicalJson } from '../../src/kernel/canonical-json.ts';
import type { Revision } from '../../src/model/revision.ts';
import { formatKeySet, type ReleaseCrypto } from '../../src/wire/link/release-trust.ts';
import type { KeySet, ReleaseKey, SealedSecret, SignedStatement } from '../../src/wire/link/revision-bundle.ts';
import { statementText } from '../../src/wire/link/signed-texts.ts';
import { formatBundle, formatContent } from '../../src/wire/link/verify-bundle.ts';
import { revisionOf, SAMPLE } from './sample-template.ts';

/** The real thing, for tests of what decides with it. */
export const crypto: ReleaseCrypto = { sha256: sha256OfText, verify: verifyRelease, keyId: releaseKeyId };

/** A release key that lies in no file. */
export type TestKey = { readonly id: string; readonly key: ReleaseKey; readonly private: KeyObject };

export function testKey(comment: string): TestKey {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');
  const id = releaseKeyId(publicKey);
  return { id, key: { id, publicKey, comment }, private: pair.privateKey };
}

export function keySetOf(version: number, keys: readonly TestKey[], retired: KeySet['retired'] = {}): KeySet {
  return { format: 'slipway-keys/v1', version, keys: keys.map(({ key }) => key), retired };
}

export function rotated(set: KeySet): KeySet {
  return { ...set, retired: {} };
}

/** A key set with the signature of a key. */
export function signed(set: KeySet, by: TestKey): SignedStatement {
  return signText('key-set', formatKeySet(set), by);
}

/** A statement with the signature of a key. */
export function signText(kind: 'revision' | 'key-set', statement: string, by: TestKey): SignedStatement {
  const text = statementText({ kind, statement: sha256OfText(statement) });
  return {
    statement,
    signatures: [{ keyId: by.id, signature: sign(null, Buffer.from(text), by.private).toString('base64') }],
  };
}

const SEALED: SealedSecret = { recipient: 'cg==', ephemeralKey: 'ZQ==', nonce: 'bg==', ciphertext: 'Yw==' };

/** A bundle of the sample template for store-0417. */
export function bundleOf(
  by: TestKey,
  of: {
    readonly number: number;
    readonly site?: string;
    readonly revision?: Revision;
    readonly secrets?: Readonly<Record<string, SealedSecret>>;
    /** For a bundle that somebody changed. */
    readonly secretsAfterSigning?: Readonly<Record<string, SealedSecret>>;
  },
): { readonly text: string; readonly revision: Revision } {
  const site = of.site ?? 'store-0417';
  const revision = of.revision ?? revisionOf(SAMPLE, { site: { name: site, vars: {} } });
  const secrets = of.secrets ?? { joinToken: SEALED };
  const content = formatContent(revision);
  const statement = canonicalJson({
    format: 'slipway-revision/v1',
    site,
    number: of.number,
    template: revision.template,
    content: sha256OfText(content),
    secrets: sha256OfText(canonicalJson(secrets)),
    signedAt: '2026-11-21T20:00:00.000Z',
    needs: ['revision/v1', 'sealed/v1'],
  });
  const text = formatBundle({
    ...signText('revision', statement, by),
    content,
    secrets: of.secretsAfterSigning ?? secrets,
  });
  return { text, revision };
}

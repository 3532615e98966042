import { canonicalJson } from '../../kernel/canonical-json.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Revision } from '../../model/revision.ts';
import { checkSignatures, isSignatures, isTexts, type ReleaseCrypto, type SignatureFault } from './release-trust.ts';
import type {
  KeySet,
  ReleaseKey,
  RevisionBundle,
  RevisionStatement,
  SealedSecret,
  SignedStatement,
} from './revision-bundle.ts';

/** Why a bundle is refused: the part that is wrong, and a sentence. */
export type BundleFault =
  | SignatureFault
  | {
      readonly reason: 'malformed' | 'other-site' | 'older' | 'needs' | 'content-changed' | 'secrets-changed';
      readonly message: string;
    };

export type ExpectedBundle = {
  readonly site: string;
  readonly keys: KeySet;
  /** What the reader knows, such as `revision/v1`. */
  readonly capabilities: readonly string[];
  /** The highest number that was ever accepted: only a higher one is. */
  readonly above: number;
};

/** All that a bundle says, once it is believed. */
export type VerifiedBundle = {
  readonly statement: RevisionStatement;
  readonly key: ReleaseKey;
  readonly revision: Revision;
  readonly secrets: Readonly<Record<string, SealedSecret>>;
};

/** A revision without its number and digest: what a bundle has as its content. */
export type RevisionContent = Omit<Revision, 'number' | 'digest'>;

/** The text of which a revision's digest is the sha256. */
export function formatContent({ number: _number, digest: _digest, ...content }: Revision): string {
  return canonicalJson(content satisfies RevisionContent);
}

/** A bundle as it travels, and as its digest names it. */
export function formatBundle(bundle: Omit<RevisionBundle, 'format'>): string {
  return canonicalJson({ format: 'slipway-bundle/v1', ...bundle } satisfies RevisionBundle);
}

/** Decides whether a site, or head office for it, believes the text of a bundle. Each refusal names the part that is wrong. */
export function verifyBundle(
  text: string,
  expected: ExpectedBundle,
  crypto: ReleaseCrypto,
): Result<VerifiedBundle, BundleFault> {
  const bundle = readBundle(text);
  if (!bundle) return fault('malformed', 'this is not a bundle of a revision');
  const checked = checkStatement(bundle, expected, crypto);
  if (!checked.ok) return checked;
  const { statement, key } = checked.value;
  if (crypto.sha256(bundle.content) !== statement.content)
    return fault('content-changed', 'the content is not what the release key signed');
  if (crypto.sha256(canonicalJson(bundle.secrets)) !== statement.secrets)
    return fault('secrets-changed', 'the sealed secrets are not what the release key signed');
  const content = parse(bundle.content) as RevisionContent | undefined;
  if (!isMap(content) || content.site !== expected.site || !isMap(content.slots))
    return fault('malformed', 'the content is not a revision of this site');
  const revision = { ...content, number: statement.number, digest: statement.content };
  return ok({ statement, key, revision, secrets: bundle.secrets });
}

/** As `verifyBundle` of the statement alone: who signed it, for which site, and whether the reader can follow it. */
export function checkStatement(
  signed: SignedStatement,
  expected: ExpectedBundle,
  crypto: ReleaseCrypto,
): Result<{ readonly statement: RevisionStatement; readonly key: ReleaseKey }, BundleFault> {
  const by = checkSignatures('revision', signed, expected.keys, crypto);
  if (!by.ok) return by;
  const statement = parse(signed.statement);
  if (!isStatement(statement))
    return fault('malformed', 'the statement cannot be read, though a release key signed it');
  const { site, number, needs } = statement;
  if (site !== expected.site)
    return fault('other-site', `it is revision ${number} of site ${site}, not of ${expected.site}`);
  if (number <= expected.above)
    return fault('older', `revision ${number} is not newer than ${expected.above}, which was here before`);
  const missing = needs.filter((need) => !expected.capabilities.includes(need));
  if (missing.length > 0)
    return fault('needs', `it needs ${missing.join(' and ')}, which this Slipway does not know: update it first`);
  return ok({ statement, key: by.value });
}

function fault(reason: BundleFault['reason'], message: string): Result<never, BundleFault> {
  return err({ reason, message } as BundleFault);
}

const BUNDLE_KEYS = ['content', 'format', 'secrets', 'signatures', 'statement'];

function readBundle(text: string): RevisionBundle | undefined {
  const value = parse(text) as Fields<RevisionBundle> | undefined;
  const isOne =
    isMap(value) &&
    Object.keys(value).sort().join() === BUNDLE_KEYS.join() &&
    value.format === 'slipway-bundle/v1' &&
    hasTexts(value, ['statement', 'content']) &&
    isSecrets(value.secrets) &&
    isSignatures(value.signatures) &&
    canonicalJson(value) === text;
  return isOne ? (value as RevisionBundle) : undefined;
}

/** Whether a value has the shape of sealed secrets by name. */
export function isSecrets(value: unknown): value is RevisionBundle['secrets'] {
  return (
    isMap(value) &&
    Object.values(value).every((one) => isTexts(one, ['recipient', 'ephemeralKey', 'nonce', 'ciphertext']))
  );
}

function isStatement(value: unknown): value is RevisionStatement {
  const fields = value as Fields<RevisionStatement>;
  return (
    hasTexts(value, ['site', 'template', 'content', 'secrets', 'signedAt']) &&
    fields.format === 'slipway-revision/v1' &&
    Number.isSafeInteger(fields.number) &&
    Array.isArray(fields.needs) &&
    fields.needs.every((need) => typeof need === 'string')
  );
}

type Fields<T> = { readonly [K in keyof T]?: unknown };

function hasTexts(value: unknown, keys: readonly string[]): boolean {
  return isMap(value) && keys.every((key) => typeof Reflect.get(value, key) === 'string');
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

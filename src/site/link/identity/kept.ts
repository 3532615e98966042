import { err, ok, type Result } from '../../../kernel/result.ts';

/** Both raw X25519, base64. */
export type SealingKeys = { readonly publicKey: string; readonly privateKey: string };
/** The keys of a box: they are drawn once, and stay the same for as long as it speaks for the site. */
export type BoxKeys = {
  /** P-256, PKCS #8 in PEM. */
  readonly key: string;
  readonly sealing: SealingKeys;
};

/**
 * All that makes this box the site, in one file: key, certificate and trust can never be of two different times. Bytes are
 * base64. Written as a whole; the keys in it are never drawn anew because something looks odd.
 */
export type KeptIdentity = BoxKeys & {
  readonly format: 'slipway-identity/v1';
  readonly site: string;
  readonly hub: string;
  /** Id of the invite that it came with. */
  readonly invite: string;
  readonly chain: readonly string[];
  readonly roots: readonly string[];
  /** Encoded SignedKeySet. */
  readonly keySets: readonly string[];
};

/** A code that waits to be used, with the keys that will be used with it: the same ones at each try. */
export type KeptJoining = BoxKeys & {
  readonly format: 'slipway-joining/v1';
  readonly invite: string;
  readonly secret: string;
  readonly since: number;
  /** The last answer. Whoever gave it could not prove to be head office: it ends nothing. */
  readonly refused?: { readonly reason: string; readonly message: string };
};

export const IDENTITY_FILE = 'identity.json';
export const JOINING_FILE = 'joining.json';
/** What could not be read, put aside when a person had the box join anew. */
export const DAMAGED_FILE = 'identity.damaged.json';

export function parseIdentity(text: string): Result<KeptIdentity, string> {
  const value = parse(text);
  const isRight =
    value?.['format'] === 'slipway-identity/v1' &&
    hasTexts(value, ['site', 'hub', 'invite', 'key']) &&
    isSealing(value['sealing']) &&
    ['chain', 'roots', 'keySets'].every((name) => isTexts(value[name])) &&
    (value['chain'] as string[]).length > 0;
  return isRight ? ok(value as unknown as KeptIdentity) : err(`${IDENTITY_FILE} is not what Slipway wrote`);
}

export function parseJoining(text: string): Result<KeptJoining, string> {
  const value = parse(text);
  const isRight =
    value?.['format'] === 'slipway-joining/v1' &&
    hasTexts(value, ['invite', 'secret', 'key']) &&
    isSealing(value['sealing']) &&
    typeof value['since'] === 'number';
  return isRight ? ok(value as unknown as KeptJoining) : err(`${JOINING_FILE} is not what Slipway wrote`);
}

export function formatKept(kept: KeptIdentity | KeptJoining): string {
  return `${JSON.stringify(kept, undefined, 2)}\n`;
}

export const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function hasTexts(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isSealing(value: unknown): boolean {
  const keys = value as Partial<SealingKeys> | null | undefined;
  return typeof keys?.publicKey === 'string' && typeof keys.privateKey === 'string';
}

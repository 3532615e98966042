import { createHash } from 'node:crypto';
import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { PrivateFiles } from '../../model/fleet/private-files.ts';
import { rootValidity } from '../../model/fleet/validity.ts';
import type { Issuer, X509 } from '../../model/fleet/x509.ts';
import { formatPem, parsePem } from './pem.ts';

export const ROOTS_FILE = 'roots.pem';
const META_KEY = 'identity/roots';
/** A clock before this never was right: roots made by it would be over before they are used. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

/** The roots of head office: the current one, which issues, and the next, which sites believe already. */
export type Authority = { readonly current: Issuer; readonly roots: readonly Uint8Array[] };

export type AuthorityParts = {
  /** Name of the hub, for people. */
  readonly hub: string;
  readonly files: PrivateFiles;
  readonly store: HubStore;
  readonly x509: X509;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};

/**
 * Opens the roots, or makes them when head office starts for the first time. The database knows which they are: if they are
 * missing later, or others lie there, head office does not start, because new ones would cut off every site.
 * Rejects with an AppError: `ca-damaged`, or as the disk does.
 */
export async function openAuthority(parts: AuthorityParts): Promise<Authority> {
  const known = await knownRoots(parts.store);
  let text = await parts.files.read(ROOTS_FILE);
  if (text === undefined) {
    if (known !== undefined) throw damaged('is missing, and sites believe in the roots that were in it');
    // Whoever was first at this very moment has made them.
    await parts.files.writeNew(ROOTS_FILE, await makeRoots(parts));
    text = (await parts.files.read(ROOTS_FILE)) ?? '';
  }
  const [current, next] = readRoots(text, parts.x509);
  const digests = [current, next].map(({ certificate }) => digestOf(certificate));
  const believed = known ?? (await parts.store.work((tx) => claimRoots(tx, digests)));
  if (believed.join() !== digests.join()) throw damaged('holds other roots than those that sites believe in');
  return { current, roots: [current.certificate, next.certificate] };
}

async function knownRoots(store: HubStore): Promise<readonly string[] | undefined> {
  return store.read(async (tx) => {
    const known = await tx.get('meta', META_KEY);
    if (Array.isArray(known)) return known.map(String);
    // A database of which a part was lost: certificates were issued, by whomever.
    return (await tx.list('certificates', { limit: 1 })).length > 0 ? [] : undefined;
  });
}

/** Two processes with a folder each may both have made some: those of the first count. */
async function claimRoots(tx: HubTx, digests: readonly string[]): Promise<readonly string[]> {
  const first = await tx.get('meta', META_KEY);
  if (Array.isArray(first)) return first.map(String);
  await tx.put('meta', META_KEY, digests);
  return digests;
}

async function makeRoots({ hub, x509, clock, log }: AuthorityParts): Promise<string> {
  const now = clock.now();
  if (now < EARLIEST_MS)
    throw new AppError(
      'config-invalid',
      `the clock of this machine shows ${new Date(now).toISOString()}: set it before head office makes its roots`,
    );
  const validity = rootValidity(now);
  const pairs = ['1', '2'].map(async (which) => {
    const key = x509.createKey();
    return { key, certificate: await x509.createRoot({ name: `Slipway ${hub} root ${which}`, key, validity }) };
  });
  log.info({ hub, until: new Date(validity.notAfter).toISOString() }, 'head office has made its roots');
  return formatPem(await Promise.all(pairs));
}

function readRoots(text: string, x509: X509): readonly [Issuer, Issuer] {
  const [current, next, ...more] = parsePem(text) ?? [];
  if (!current || !next || more.length > 0) throw damaged('does not hold two roots with their keys');
  for (const root of [current, next]) if (!isWholeRoot(root, x509)) throw damaged('holds a root that cannot be read');
  return [current, next];
}

function isWholeRoot({ key, certificate }: Issuer, x509: X509): boolean {
  const found = x509.read(certificate);
  return found.ok && found.value.role === 'root' && hasKey(key, found.value.keyDigest, x509);
}

function hasKey(key: string, digest: string, x509: X509): boolean {
  try {
    return x509.publicKeyOf(key).keyDigest === digest;
  } catch {
    return false;
  }
}

function damaged(what: string): AppError {
  return new AppError('ca-damaged', `${ROOTS_FILE} in the folder ca of the data directory ${what}`);
}

function digestOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

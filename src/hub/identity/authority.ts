import { createHash } from 'node:crypto';
import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { HubStore, NewAuditEntry } from '../../model/fleet/hub-store.ts';
import type { RootView } from '../../model/fleet/identity-desk.ts';
import type { PrivateFiles } from '../../model/fleet/private-files.ts';
import { rootValidity } from '../../model/fleet/validity.ts';
import type { Issuer, X509 } from '../../model/fleet/x509.ts';
import { formatPem, parsePem } from './pem.ts';

export const ROOTS_FILE = 'roots.pem';
const META_KEY = 'identity/roots';
/** What the roots are about to be: written before the file, so that after a cut of power either of both is right. */
const COMING_KEY = 'identity/roots-coming';
/** A clock before this never was right: roots made by it would be over before they are used. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

/** The roots of head office. What they answer may be another at each call. */
export interface Authority {
  /** The root that issues. */
  readonly current: Issuer;
  /** The root that issued before, as long as it counts. */
  old(): Issuer | undefined;
  /** The current and the next one. */
  pair(): readonly [Uint8Array, Uint8Array];
  /** All that count, the current one first. */
  roots(): readonly Uint8Array[];
  described(): readonly RootView[];
  /** The next root is the current one from now on, and there is another next one. Only without an old one. */
  roll(audit: RootsAudit): Promise<void>;
  /** The old root counts no more, and its key is gone. */
  end(audit: RootsAudit): Promise<void>;
}
type RootsAudit = Omit<NewAuditEntry, 'detail'>;
/** Current, next, and the old one. */
type Roots = readonly [Issuer, Issuer, Issuer?];

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
  let held = readRoots(text, parts.x509);
  await settle(parts, held, known);

  async function move(next: Roots, audit: RootsAudit): Promise<void> {
    const { store, files, log } = parts;
    const digests = digestsOf(next);
    await store.work((tx) => tx.put('meta', COMING_KEY, digests));
    await files.write(ROOTS_FILE, formatPem(pairsOf(next)));
    await store.work(async (tx) => {
      await tx.put('meta', META_KEY, digests);
      await tx.delete('meta', COMING_KEY);
      await tx.appendAudit({ ...audit, detail: { roots: digests } });
    });
    held = next;
    log.warn({ act: audit.action, roots: digests }, 'the roots of head office have changed');
  }

  return {
    get current() {
      return held[0];
    },
    old: () => held[2],
    pair: () => [held[0].certificate, held[1].certificate],
    roots: () => pairsOf(held).map(({ certificate }) => certificate),
    described: () => pairsOf(held).map(({ certificate }, index) => describe(certificate, index, parts.x509)),
    roll: async (audit) => {
      const count = await parts.store.work((tx) => tx.next('roots'));
      await move([held[1], await makeRoot(`${count + 2}`, parts), held[0]], audit);
    },
    end: (audit) => move([held[0], held[1]], audit),
  };
}

/** The file and the database say the same, or are between two of them that belong together; if not, it rejects. */
async function settle({ store, clock }: AuthorityParts, held: Roots, known: readonly string[] | undefined) {
  const digests = digestsOf(held);
  const coming = await store.read((tx) => tx.get('meta', COMING_KEY));
  const isComing = Array.isArray(coming) && coming.join() === digests.join();
  if (known !== undefined && known.join() !== digests.join() && !isComing)
    throw damaged('holds other roots than those that sites believe in');
  if (known !== undefined && coming === undefined) return;
  await store.work(async (tx) => {
    // Two processes with a folder each may both have made some: those of the first count.
    const first = known === undefined ? await tx.get('meta', META_KEY) : undefined;
    if (Array.isArray(first) && first.join() !== digests.join())
      throw damaged('holds other roots than those that sites believe in');
    await tx.put('meta', META_KEY, digests);
    await tx.delete('meta', COMING_KEY);
    const action = isComing ? 'roots.finish' : 'roots.undo';
    if (coming !== undefined)
      await tx.appendAudit({
        ...{ at: clock.now(), who: 'head office', action, subject: 'roots', detail: { roots: digests } },
      });
  });
}

const WHICH = ['current', 'next', 'old'] as const;
function describe(certificate: Uint8Array, index: number, x509: X509): RootView {
  const found = x509.read(certificate);
  return {
    which: WHICH[index] ?? 'old',
    digest: digestOf(certificate),
    notAfter: found.ok ? found.value.notAfter : 0,
  };
}

function pairsOf([current, next, old]: Roots): readonly Issuer[] {
  return old ? [current, next, old] : [current, next];
}

function digestsOf(roots: Roots): readonly Digest[] {
  return pairsOf(roots).map(({ certificate }) => digestOf(certificate));
}

async function knownRoots(store: HubStore): Promise<readonly string[] | undefined> {
  return store.read(async (tx) => {
    const known = await tx.get('meta', META_KEY);
    if (Array.isArray(known)) return known.map(String);
    // A database of which a part was lost: certificates were issued, by whomever.
    return (await tx.list('certificates', { limit: 1 })).length > 0 ? [] : undefined;
  });
}

async function makeRoots(parts: AuthorityParts): Promise<string> {
  const now = parts.clock.now();
  if (now < EARLIEST_MS)
    throw new AppError(
      'config-invalid',
      `the clock of this machine shows ${new Date(now).toISOString()}: set it before head office makes its roots`,
    );
  const pairs = await Promise.all(['1', '2'].map((which) => makeRoot(which, parts)));
  parts.log.info({ hub: parts.hub }, 'head office has made its roots');
  return formatPem(pairs);
}

async function makeRoot(which: string, { hub, x509, clock }: AuthorityParts): Promise<Issuer> {
  const key = x509.createKey();
  const validity = rootValidity(clock.now());
  return { key, certificate: await x509.createRoot({ name: `Slipway ${hub} root ${which}`, key, validity }) };
}

function readRoots(text: string, x509: X509): Roots {
  const [current, next, old, ...more] = parsePem(text) ?? [];
  if (!current || !next || more.length > 0) throw damaged('does not hold the roots with their keys');
  const roots: Roots = old ? [current, next, old] : [current, next];
  for (const root of pairsOf(roots)) if (!isWholeRoot(root, x509)) throw damaged('holds a root that cannot be read');
  return roots;
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

/** sha256. */
export function digestOf(der: Uint8Array): Digest {
  return createHash('sha256').update(der).digest('hex') as Digest;
}

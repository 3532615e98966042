import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { Digest } from '../../kernel/digest.ts';
import type { AuditEntry } from './hub-store.ts';

/** What the first entry names as the one before it. */
export const NOTHING_BEFORE = '0'.repeat(64) as Digest;

/** What the digest of an entry is made of: all of the entry, with the digest before it. */
export function auditText({ id, at, who, action, subject, detail, before }: Omit<AuditEntry, 'digest'>): string {
  return canonicalJson({ id, at, who, action, subject, detail, before });
}

export type AuditFault = { readonly id: number; readonly because: string };

/**
 * The first entry that is not as it was written, or does not follow the one before it. `entries` are in their order and
 * follow `before`. That the newest ones were cut off cannot be seen here: compare the newest digest with one written down.
 */
export function findAuditFault(
  entries: readonly AuditEntry[],
  before: { readonly id: number; readonly digest: Digest },
  sha256: (text: string) => Digest,
): AuditFault | undefined {
  let last = before;
  for (const entry of entries) {
    if (entry.id !== last.id + 1) return { id: entry.id, because: `entry ${last.id + 1} is missing before it` };
    if (entry.before !== last.digest) return { id: entry.id, because: 'it does not follow the entry before it' };
    if (entry.digest !== sha256(auditText(entry))) return { id: entry.id, because: 'it was changed' };
    last = entry;
  }
  return undefined;
}

import { parseMac } from '../../../kernel/mac.ts';
import type { Revision } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';
import { findSubject, type Subject } from './subject.ts';

/** What a request says of its machine besides its path. */
export type Said = {
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
};

/** More NICs than a machine has; what comes after is noise. */
const MAX_NICS = 16;

/**
 * The ids by which a machine names itself: `uuid`, `mac` and `serial` of a query, as Talos fills them in, the
 * `X-RHN-Provisioning-MAC-<n>` headers of `inst.ks.sendmac` (`eth0 52:54:00:00:00:01`), and `X-System-Serial-Number` of
 * `inst.ks.sendsn`. A variable that Talos could not
 * fill in within 90 seconds arrives as it was written, `${serial}`: that is nobody's name.
 */
export function idsIn({ query, headers }: Said): readonly string[] {
  const named = ['uuid', 'mac', 'serial'].map((name) => query[name]);
  const nics = Array.from({ length: MAX_NICS }, (_, n) => headers[`x-rhn-provisioning-mac-${n}`]).map((value) =>
    typeof value === 'string' ? value.trim().split(/\s+/).at(-1) : undefined,
  );
  // For what is no MAC all machines would be looked through.
  return [
    ...named,
    ...nics.filter((mac) => parseMac(mac ?? '') !== undefined),
    headers['x-system-serial-number'],
  ].filter((id): id is string => typeof id === 'string' && id !== '' && !id.includes('$\u007b'));
}

/** Whom a list of ids means: the first that has a slot, else the first that somebody may still give one. */
export function findAny(ids: readonly string[], state: SiteState, revision: Revision, now: number): Subject {
  const subjects = ids.map((id) => findSubject(id, state, revision, now));
  return (
    subjects.find(({ kind }) => kind === 'slot') ??
    subjects.find(({ kind }) => kind === 'pending') ?? { kind: 'unknown' }
  );
}

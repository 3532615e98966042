import type { SiteStateEntry } from '../../../model/fleet/hub-rows.ts';

/** Machines that show a code at a site, and since when there was at least one. */
export type Waiting = { readonly site: string; readonly machines: number; readonly since: number };

/**
 * Where machines wait now, by the `site` entries of the sites. An entry changes for many reasons, and only what was known before
 * says that machines waited all the time: the beginning is kept over changes.
 */
export function waitingNow(before: readonly Waiting[], entries: readonly SiteStateEntry[]): readonly Waiting[] {
  const since = new Map(before.map((one) => [one.site, one.since]));
  return entries.flatMap(({ site, value, at }) => {
    const machines = heldIn(value);
    return machines > 0 ? [{ site, machines, since: since.get(site) ?? at }] : [];
  });
}

/** Sites are other machines: what is no number counts as none. */
function heldIn(json: string): number {
  try {
    const value = JSON.parse(json) as { held?: unknown } | null;
    return typeof value?.held === 'number' ? value.held : 0;
  } catch {
    return 0;
  }
}

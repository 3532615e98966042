import type { SiteStateEntry } from '../../../model/fleet/hub-rows.ts';

/** A site that says that its events wait for head office; `saidAt` is by its clock. */
export type Backlog = { readonly site: string; readonly saidAt: number; readonly sentence: string };

/** Which sites have such an alarm, by their `alarms` entries. Sites are other machines: what has another shape counts as none. */
export function backlogsIn(entries: readonly SiteStateEntry[]): readonly Backlog[] {
  return entries.flatMap(({ site, value }) => alarmsIn(value).flatMap((alarm) => backlogOf(site, alarm)));
}

function backlogOf(site: string, alarm: unknown): readonly Backlog[] {
  if (typeof alarm !== 'object' || alarm === null) return [];
  const { type, lastAt, sentence } = alarm as Record<string, unknown>;
  if (type !== 'events-waiting' || typeof lastAt !== 'number' || typeof sentence !== 'string') return [];
  return [{ site, saidAt: lastAt, sentence: sentence.slice(0, 500) }];
}

function alarmsIn(json: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

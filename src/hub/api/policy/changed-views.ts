import type { HubTableName } from '../../../model/fleet/hub-rows.ts';
import type { FleetFeedItem } from '../../../wire/api/fleet-views.ts';

type Table = HubTableName | 'events' | 'audit';
type Naming = 'site' | 'publication' | 'none';

/** Which view shows a table, and what the first part of its keys names; none: no view shows it. */
const VIEWS: Readonly<Record<Table, readonly [FleetFeedItem['view'], Naming] | undefined>> = {
  sites: ['sites', 'site'],
  sessions: ['sites', 'site'],
  invites: ['sites', 'none'],
  certificates: ['sites', 'site'],
  cursors: ['sites', 'site'],
  deadLetters: ['sites', 'site'],
  states: ['sites', 'site'],
  desired: ['sites', 'site'],
  events: ['sites', 'site'],
  pushes: ['pushes', 'none'],
  revisions: ['pushes', 'none'],
  publications: ['publications', 'publication'],
  publicationSites: ['publications', 'publication'],
  alarms: ['alarms', 'none'],
  audit: ['audit', 'none'],
  tokens: undefined,
  meta: undefined,
};

/** What the feed tells of these changes. */
export function changedViews(changes: readonly { readonly table: Table; readonly key: string }[]): FleetFeedItem[] {
  return changes.flatMap(({ table, key }) => {
    const shown = VIEWS[table];
    if (!shown) return [];
    const [view, naming] = shown;
    const [name = key] = key.split('/');
    return [naming === 'none' ? { view } : { view, [naming]: name }];
  });
}

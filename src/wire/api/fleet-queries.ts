import type { PublicationSiteState } from '../../model/fleet/hub-rows.ts';
import type { FleetSiteState } from './fleet-views.ts';

/**
 * Where each view is, below `/api/v1/`; a part with a colon is a value, percent-encoded. All are read with `GET` and the header
 * `Authorization: Bearer TOKEN` (none on the control socket), and need the role `read`.
 */
export const FLEET_PATHS = {
  /** FleetOverview */
  fleet: 'fleet',
  /** FleetPage<FleetSiteRow>, by FleetSiteQuery */
  sites: 'sites',
  /** FleetSiteView */
  site: 'sites/:site',
  /** FleetEvents, by FleetEventsQuery */
  siteEvents: 'sites/:site/events',
  /** FleetPage<EnrolmentView>, by EnrolmentQuery; the newest first */
  enrolments: 'enrolments',
  /** FleetPage<PushView>, by PageQuery; the newest first */
  pushes: 'pushes',
  /** FleetPage<RevisionView>, by PageQuery; the newest first */
  siteRevisions: 'sites/:site/revisions',
  /** FleetPage<PublicationView>, by PageQuery; the newest first */
  publications: 'publications',
  /** PublicationView */
  publication: 'publications/:publication',
  /** FleetPage<PublicationSiteView>, by PublicationSiteQuery; what needs a person first */
  publicationSites: 'publications/:publication/sites',
  /** FleetPage<FleetAlarmView>, by PageQuery and `site`; the newest first */
  alarms: 'alarms',
  /** AuditPage, by AuditQuery; the newest first */
  audit: 'audit',
  /** Server-sent events: FleetFeedItem, by FeedQuery */
  feed: 'events',
} as const;

/** The rows from `offset` on, at most `limit` of them: 100 if nothing is said, 500 at the most. */
export type PageQuery = { readonly offset?: number; readonly limit?: number };
/** `total` counts what fits the query, on all pages. */
export type FleetPage<Row> = { readonly total: number; readonly rows: readonly Row[] };

/** All that is given must fit. */
export type FleetSiteQuery = PageQuery & {
  /** A part of the name, or of a value of a label; small and capital letters are the same. */
  readonly search?: string;
  /** A selector: `region=eu,tier=1`. */
  readonly labels?: string;
  readonly state?: FleetSiteState;
  /** Only sites with an alarm. */
  readonly alarm?: true;
  /** Only sites whose revision in force is not the one that they are to have. */
  readonly behind?: true;
  /** Only sites whose revision in force is not of this push, such as `p17`. */
  readonly without?: string;
};

/** `slot` and `type` choose; the newest first, those before the id `before`, at most `limit` (100; 1,000 at the most). */
export type FleetEventsQuery = {
  readonly slot?: string;
  readonly type?: string;
  readonly before?: number;
  readonly limit?: number;
};
/** `from` and `to` are times of reception. */
export type EnrolmentQuery = PageQuery & {
  readonly site?: string;
  readonly from?: number;
  readonly to?: number;
};
export type PublicationSiteQuery = PageQuery & {
  readonly state?: PublicationSiteState | 'unreachable';
  readonly search?: string;
};

/** Entries before the id `before`. */
export type AuditQuery = { readonly before?: number; readonly limit?: number };

/** Only items behind `after`; the header `Last-Event-ID` says the same. */
export type FeedQuery = { readonly after?: string };

/**
 * The path of a view with its query, such as `/api/v1/sites/store-1/events?slot=pos-1`. `values` fill the parts with a colon;
 * what is undefined or empty in `query` is left out.
 */
export function fleetPath(
  name: keyof typeof FLEET_PATHS,
  values: Readonly<Record<string, string>> = {},
  query: object = {},
): string {
  const path = FLEET_PATHS[name].replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(values[key] ?? ''));
  const asked = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  return `/api/v1/${path}${asked.length === 0 ? '' : `?${asked.join('&')}`}`;
}

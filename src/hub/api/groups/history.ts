import { z } from 'zod';
import { AppError } from '../../../kernel/errors.ts';
import type { HubTx, KeptFleetEvent } from '../../../model/fleet/hub-store.ts';
import { FLEET_PATHS, type FleetPage } from '../../../wire/api/fleet-queries.ts';
import type {
  AuditPage,
  EnrolmentView,
  FleetAlarmView,
  FleetEventView,
  PushView,
  RevisionView,
} from '../../../wire/api/fleet-views.ts';
import { type AdminRoute, shows } from '../contract.ts';
import { idNumber, pageOf, pageQuery } from '../paging.ts';
import { oneSite } from './sites.ts';

const before = z.coerce.number().int().min(1).optional();
const limit = z.coerce.number().int().min(1).max(1_000).default(100);
const eventsQuery = z.object({ slot: z.string().optional(), type: z.string().optional(), before, limit });
const time = z.coerce.number().int().min(0).optional();
const enrolmentQuery = z.object({ ...pageQuery, site: z.string().optional(), from: time, to: time });

/** What happened: events, enrolments, pushes and revisions, alarms, and what people did. */
export function historyRoutes(_desks: object): AdminRoute[] {
  return [
    shows({
      ...{ id: 'listSiteEvents', path: FLEET_PATHS.siteEvents, role: 'read' },
      ...{ summary: 'What happened at a site or in a slot, the newest first.', reply: 'FleetEvents' },
      params: oneSite,
      query: eventsQuery,
      show: async (tx, { params, query }) => {
        await assertSite(tx, params.site);
        const { slot, type } = query;
        const events = await tx.events({
          ...{ site: params.site, limit: query.limit, newestFirst: true },
          ...(slot === undefined ? {} : { slot }),
          ...(type === undefined ? {} : { types: type.split(',') }),
          ...(query.before === undefined ? {} : { beforeId: query.before }),
        });
        return { events: events.map(eventView), ...nextOf(events, query.limit) };
      },
    }),
    shows({
      ...{ id: 'listEnrolments', path: FLEET_PATHS.enrolments, role: 'read' },
      ...{
        summary: 'Machines that became nodes, each counted once; the newest first.',
        reply: 'FleetPage<EnrolmentView>',
      },
      query: enrolmentQuery,
      show: enrolments,
    }),
    shows({
      ...{ id: 'listPushes', path: FLEET_PATHS.pushes, role: 'read' },
      ...{ summary: 'What was pushed, the newest first.', reply: 'FleetPage<PushView>' },
      query: z.object(pageQuery),
      show: async (tx, { query }): Promise<FleetPage<PushView>> => {
        const rows = (await tx.list('pushes')).map(({ row }) => row).sort((a, b) => idNumber(b.id) - idNumber(a.id));
        return pageOf(
          rows.map(({ sites, ...push }) => ({ ...push, sites: sites.length })),
          query,
        );
      },
    }),
    shows({
      ...{ id: 'listSiteRevisions', path: FLEET_PATHS.siteRevisions, role: 'read' },
      ...{ summary: 'The revisions of a site, the newest first.', reply: 'FleetPage<RevisionView>' },
      params: oneSite,
      query: z.object(pageQuery),
      show: async (tx, { params, query }): Promise<FleetPage<RevisionView>> => {
        const site = await assertSite(tx, params.site);
        const wanted = await tx.get('desired', site.name);
        const rows = (await tx.list('revisions', { prefix: `${site.name}/` })).map(({ row }) => row).reverse();
        const views = rows.map((row) => ({
          ...row,
          inForce: row.number === site.confirmedNumber,
          wanted: row.number === wanted?.number && wanted.isWithdrawn !== true,
        }));
        return pageOf(views, query);
      },
    }),
    shows({
      ...{ id: 'listAlarms', path: FLEET_PATHS.alarms, role: 'read' },
      ...{ summary: 'What somebody should do something about, the newest first.', reply: 'FleetPage<FleetAlarmView>' },
      query: z.object({ ...pageQuery, site: z.string().optional() }),
      show: async (tx, { query }): Promise<FleetPage<FleetAlarmView>> => {
        const rows = (await tx.list('alarms')).map(({ row }) => row).sort((a, b) => b.since - a.since);
        return pageOf(
          rows.filter((row) => query.site === undefined || row.site === query.site),
          query,
        );
      },
    }),
    shows({
      ...{ id: 'listAudit', path: FLEET_PATHS.audit, role: 'read' },
      ...{ summary: 'Who did what, the newest first.', reply: 'AuditPage' },
      query: z.object({ before, limit }),
      show: audit,
    }),
  ];
}

async function audit(
  tx: HubTx,
  { query }: { query: { before?: number | undefined; limit: number } },
): Promise<AuditPage> {
  // Entries have the numbers from one on without a hole, so a page is a stretch of them.
  const [newest] = await tx.audit({ limit: 1, newestFirst: true });
  const last = Math.min(newest?.id ?? 0, (query.before ?? Number.MAX_SAFE_INTEGER) - 1);
  const first = Math.max(last - query.limit, 0);
  if (last <= 0) return { entries: [] };
  const entries = await tx.audit({ afterId: first, limit: last - first });
  const views = entries.map(({ before: _chain, ...entry }) => entry).reverse();
  return { entries: views, ...(first > 0 && { next: first + 1 }) };
}

async function enrolments(
  tx: HubTx,
  { query }: { query: z.output<typeof enrolmentQuery> },
): Promise<FleetPage<EnrolmentView>> {
  const { site, from, to, limit: most, offset } = query;
  const which = {
    types: ['node-enrolled'],
    ...(site === undefined ? {} : { site }),
    ...(from === undefined ? {} : { receivedFrom: from }),
    ...(to === undefined ? {} : { receivedBefore: to }),
  };
  const events = await tx.events({ ...which, limit: most, offset, newestFirst: true });
  return { total: await tx.countEvents(which), rows: events.map(eventView).map(enrolmentOf) };
}

function enrolmentOf({ id, site, slot, machine, at, receivedAt, sentence, data }: FleetEventView): EnrolmentView {
  return {
    ...{ id, site, at, receivedAt, sentence },
    ...(slot === undefined ? {} : { slot }),
    ...(machine === undefined ? {} : { machine }),
    ...(data === undefined ? {} : { data }),
  };
}

/** `data` is JSON of a site: what is none is left out, and what is no map, too. */
function eventView({ data, ...event }: KeptFleetEvent): FleetEventView {
  if (data === undefined) return event;
  try {
    const value: unknown = JSON.parse(data);
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isMap ? { ...event, data: value as Readonly<Record<string, unknown>> } : event;
  } catch {
    return event;
  }
}

function nextOf(events: readonly { readonly id: number }[], most: number): { readonly next?: number } {
  const last = events.at(-1);
  return last && events.length === most ? { next: last.id } : {};
}

async function assertSite(tx: HubTx, name: string) {
  const site = await tx.get('sites', name);
  if (!site) throw new AppError('not-found', `head office has no site ${JSON.stringify(name)}`);
  return site;
}

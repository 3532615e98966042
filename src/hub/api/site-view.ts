import type { FleetSite } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { IdentityDesk } from '../../model/fleet/identity-desk.ts';
import type { FleetLinkView, FleetSessionView, FleetSiteRow, FleetSiteView } from '../../wire/api/fleet-views.ts';
import { readSlots, readState } from './read-state.ts';

/** What one site has beside its line in the list. */
export async function siteDetail(
  tx: HubTx,
  site: FleetSite,
  { identity, now }: { readonly identity: IdentityDesk; readonly now: number },
): Promise<Omit<FleetSiteView, keyof FleetSiteRow>> {
  const entries = await tx.list('states', { prefix: `${site.name}/` });
  const said = readState(entries, site.name);
  const alarms = (await tx.list('alarms')).map(({ row }) => row);
  return {
    ...{ at: now, createdAt: site.createdAt },
    sessions: await sessionsOf(tx, site.name),
    certificates: (await identity.certificates(tx, site.name, now)).map(({ site: _site, ...row }) => row),
    invites: (await identity.invites(tx, site.name, now))
      .filter(({ state }) => state === 'open')
      .map(({ id, by, createdAt, expiresAt }) => ({ id, by, createdAt, expiresAt })),
    link: await linkOf(tx, site),
    ...(said.freeze && { freeze: said.freeze }),
    ...(said.site && { notReady: said.site.notReady }),
    imageViews: said.images,
    slotViews: readSlots(entries, site.name),
    alarmViews: alarms.filter((alarm) => alarm.site === site.name),
    siteAlarms: said.alarms,
  };
}

async function sessionsOf(tx: HubTx, site: string): Promise<readonly FleetSessionView[]> {
  const order = ['current', 'quarantined', 'past'];
  const rows = (await tx.list('sessions', { prefix: `${site}/` })).map(({ row }) => row);
  return rows
    .sort((a, b) => order.indexOf(a.standing) - order.indexOf(b.standing) || b.lastAt - a.lastAt)
    .map(({ session, firstAt, lastAt, remote, serial, hardware, standing, because }) => ({
      ...{ session, firstAt, lastAt, remote, serial, hardware, standing },
      ...(because === undefined ? {} : { because }),
    }));
}

async function linkOf(tx: HubTx, { name, lastRemote, clockOffsetMs }: FleetSite): Promise<FleetLinkView> {
  const cursors = (await tx.list('cursors', { prefix: `${name}/` })).map(({ row }) => row);
  const [newest] = cursors.sort((a, b) => b.startedAt - a.startedAt);
  const deadLetters = (await tx.list('deadLetters', { prefix: `${name}/` })).length;
  return {
    ...(lastRemote === undefined ? {} : { remote: lastRemote }),
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    ...(newest && { events: { epoch: newest.epoch, through: newest.through, deadLetters } }),
  };
}

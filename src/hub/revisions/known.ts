import { AppError } from '../../kernel/errors.ts';
import { type FleetSite, revisionKey, type SiteNumbers, type SiteRevision } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { PushSite, RevisionRef } from '../../wire/api/pushes.ts';
import type { RevisionBundle } from '../../wire/link/revision-bundle.ts';
import type { KnownSite } from './policy/check-push.ts';

const NONE: SiteNumbers = { newest: 0, highest: 0 };

export async function numbersOf(tx: HubTx, site: string): Promise<SiteNumbers> {
  return ((await tx.get('meta', `numbers/${site}`)) as SiteNumbers | undefined) ?? NONE;
}

export async function keepNumbers(tx: HubTx, site: string, numbers: SiteNumbers): Promise<void> {
  await tx.put('meta', `numbers/${site}`, numbers);
}

/** What decides about a push to a site. */
export async function readKnown(tx: HubTx, name: string): Promise<KnownSite> {
  const site = await tx.get('sites', name);
  const confirmed = site && (await confirmedOf(tx, site));
  const { highest } = await numbersOf(tx, name);
  // A restored head office has forgotten numbers that the site has seen.
  return { site, highest: Math.max(highest, site?.highestNumber ?? 0), confirmed: confirmed?.content };
}

/** All sites, as a plan sees them. */
export async function listSites(tx: HubTx): Promise<readonly PushSite[]> {
  const rows = await tx.list('sites');
  const views: PushSite[] = [];
  for (const { row } of rows) if (row.state !== 'retired') views.push(await viewOf(tx, row));
  return views;
}

async function viewOf(tx: HubTx, site: FleetSite): Promise<PushSite> {
  const { highest, newest } = await numbersOf(tx, site.name);
  const inForce = await confirmedOf(tx, site);
  const last = newest === 0 ? undefined : await tx.get('revisions', revisionKey(site.name, newest));
  const { name, state, labels, sealingKey, capabilities } = site;
  return {
    ...{ site: name, state, labels, nextNumber: Math.max(highest, site.highestNumber) + 1 },
    ...(sealingKey !== undefined && { sealingKey }),
    ...(capabilities && { capabilities }),
    ...(inForce && { inForce: refOf(inForce) }),
    ...(last && { newest: refOf(last) }),
  };
}

/** The revision that a site has confirmed; undefined: none, or none that came from here. */
export async function confirmedOf(tx: HubTx, site: FleetSite): Promise<SiteRevision | undefined> {
  return site.confirmedNumber === 0 ? undefined : tx.get('revisions', revisionKey(site.name, site.confirmedNumber));
}

/** The bundle of a revision, read. @throws AppError `not-found` */
export async function readBundle(tx: HubTx, site: string, number: number): Promise<RevisionBundle> {
  const row = await tx.get('revisions', revisionKey(site, number));
  const bytes = row && (await tx.blob(row.bundle));
  if (!bytes) throw new AppError('not-found', `there is no revision ${number} of site ${site}`);
  return JSON.parse(new TextDecoder().decode(bytes)) as RevisionBundle;
}

function refOf({ number, push, kind, content, secrets, keyId }: SiteRevision): RevisionRef {
  return {
    ...{ number, push, kind, content },
    ...(secrets !== undefined && { secrets }),
    ...(keyId !== undefined && { keyId }),
  };
}

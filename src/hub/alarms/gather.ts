import { statfs } from 'node:fs/promises';
import { APPROVAL_PREFIX, type Approval } from '../../model/fleet/approval.ts';
import type {
  FleetSite,
  HubTableName,
  HubTables,
  PublicationSite,
  SiteStateEntry,
} from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { readLastBackup } from '../../model/fleet/last-backup.ts';
import { backlogsIn } from './policy/backlog.ts';
import type { FleetFacts } from './policy/facts.ts';
import { type Waiting, waitingNow } from './policy/waiting.ts';

/** Rows of one answer; more would keep units waiting. */
const PAGE = 500;
const GAPS = 1_000;

type RowFacts = Omit<FleetFacts, 'now' | 'silentAfterMs' | 'disk'>;

/** What the database says that alarms are made of, at one moment. */
export async function gatherRows(tx: HubTx, waitedBefore: readonly Waiting[]): Promise<RowFacts> {
  const sites = await all(tx, 'sites');
  return {
    sites,
    waiting: waitingNow(waitedBefore, await siteEntries(tx, sites, 'site')),
    backlogs: backlogsIn(await siteEntries(tx, sites, 'alarms')),
    certificates: await all(tx, 'certificates'),
    sessions: await all(tx, 'sessions'),
    deadLetters: await all(tx, 'deadLetters'),
    gaps: await tx.events({ types: ['gap'], newestFirst: true, limit: GAPS }),
    publications: await all(tx, 'publications'),
    tries: await tries(tx),
    approvals: (await all(tx, 'meta', APPROVAL_PREFIX)) as readonly Approval[],
    backup: await readLastBackup(tx),
  };
}

export async function diskOf(dir: string): Promise<FleetFacts['disk']> {
  const { bavail, blocks, bsize } = await statfs(dir);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** What sites that are enrolled say under this key. */
async function siteEntries(tx: HubTx, sites: readonly FleetSite[], key: string): Promise<readonly SiteStateEntry[]> {
  const found: (SiteStateEntry | undefined)[] = [];
  const enrolled = sites.filter(({ state }) => state === 'enrolled');
  for (let i = 0; i < enrolled.length; i += PAGE) {
    const page = enrolled.slice(i, i + PAGE);
    found.push(...(await Promise.all(page.map(({ name }) => tx.get('states', `${name}/${key}`)))));
  }
  return found.filter((entry) => entry !== undefined);
}

/** How each site is with what it is to have: old publications, of which there are many, are not read. */
async function tries(tx: HubTx): Promise<readonly PublicationSite[]> {
  const wanted = await all(tx, 'desired');
  const current = new Set(wanted.map(({ site, publication }) => `${publication}/${site}`));
  const found: PublicationSite[] = [];
  for (const id of new Set(wanted.map(({ publication }) => publication))) {
    const rows = await all(tx, 'publicationSites', `${id}/`);
    found.push(...rows.filter((row) => current.has(`${row.publication}/${row.site}`)));
  }
  return found;
}

async function all<T extends HubTableName>(tx: HubTx, table: T, prefix = ''): Promise<HubTables[T][]> {
  const found: HubTables[T][] = [];
  for (let after = ''; ; ) {
    const page = await tx.list(table, { prefix, after, limit: PAGE });
    found.push(...page.map(({ row }) => row));
    const last = page.at(-1);
    if (!last || page.length < PAGE) return found;
    after = last.key;
  }
}

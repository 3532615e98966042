import { AppError } from '../../kernel/errors.ts';
import {
  type FleetSite,
  PUBLICATION_ENDED,
  type Publication,
  type PublicationRules,
  type Push,
  revisionKey,
  type SiteRevision,
} from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { parseSelector, type SiteSelector, selects } from '../../model/fleet/selector.ts';
import type { PublicationAct, PublishBody } from '../../wire/api/fleet-views.ts';
import { carryOut } from './carry-out.ts';
import { planOf, type Reach } from './load-plan.ts';
import { actOn } from './policy/acts.ts';

const RULES: PublicationRules = { canary: [], soakMs: 30 * 60_000, haltAfter: 1, haltPercent: 10 };

/**
 * Begins to publish a push: the sites that it is for and the number of each are settled here, once.
 * Rejects with `not-found`, `usage-invalid` or `command-refused`.
 */
export async function publish(tx: HubTx, body: PublishBody, by: string, now: number): Promise<Publication> {
  const push = await findPush(tx, body.push);
  await assertAlone(tx, push);
  const rules = rulesOf(body);
  const chosen = choose(rules.sites);
  const isCanary = choose(rules.canary);
  const targets = await findTargets(tx, push, chosen);
  const canaries = targets.filter(({ site }) => rules.canary.length > 0 && isCanary(site));
  if (rules.canary.length > 0 && canaries.length === 0)
    throw new AppError(
      'command-refused',
      `none of the sites of push ${push.id} fits --canary ${rules.canary.join(' ')}`,
    );
  const id = `r${await tx.next('publications')}`;
  const publication: Publication = { id, push: push.id, by, at: now, rules, state: 'draft', since: now };
  await tx.put('publications', id, publication);
  for (const target of targets)
    await tx.put('publicationSites', `${id}/${target.site.name}`, {
      ...{ publication: id, site: target.site.name, number: target.revision.number },
      ...{ isCanary: canaries.includes(target), state: 'waiting', since: now },
    });
  return publication;
}

/** What a person does with a publication. Rejects with `not-found` or `command-refused`. */
export async function act(
  tx: HubTx,
  {
    id,
    what,
    by,
    because,
  }: { readonly id: string; readonly what: PublicationAct; readonly by: string; readonly because?: string },
  reach: Reach,
): Promise<Publication> {
  const publication = await tx.get('publications', id);
  if (!publication) throw new AppError('not-found', `there is no publication ${JSON.stringify(id)}`);
  const plan = await planOf(tx, publication, reach);
  const backs = new Map<string, number>();
  if (what === 'rollback')
    for (const { site, number } of plan.rows) {
      const next = await tx.get('revisions', revisionKey(site, number + 1));
      if (next?.kind === 'back' && next.push === publication.push) backs.set(site, next.number);
    }
  const effects = actOn(plan, what, { by, backs, ...(because === undefined ? {} : { because }) });
  if (!effects.ok) throw new AppError('command-refused', effects.error);
  await carryOut(tx, id, effects.value, reach.now);
  return publication;
}

async function findPush(tx: HubTx, wanted: string | undefined): Promise<Push> {
  if (wanted !== undefined) {
    const push = await tx.get('pushes', wanted);
    if (!push) throw new AppError('not-found', `there is no push ${JSON.stringify(wanted)}`);
    return push;
  }
  const rows = (await tx.list('pushes')).map(({ row }) => row);
  const [newest] = rows.sort((a, b) => b.at - a.at || Number(b.id.slice(1)) - Number(a.id.slice(1)));
  if (!newest) throw new AppError('command-refused', 'nothing was pushed yet: `slipway template push` comes first');
  return newest;
}

async function assertAlone(tx: HubTx, push: Push): Promise<void> {
  const rows = (await tx.list('publications')).map(({ row }) => row);
  const running = rows.find((row) => row.push === push.id && !PUBLICATION_ENDED.includes(row.state));
  if (running)
    throw new AppError(
      'command-refused',
      `publication ${running.id} has push ${push.id} under way already (${running.state}); end it first`,
    );
}

type Target = { readonly site: FleetSite; readonly revision: SiteRevision };

async function findTargets(tx: HubTx, push: Push, chosen: (site: FleetSite) => boolean): Promise<readonly Target[]> {
  const targets: Target[] = [];
  let overtaken = 0;
  for (const name of push.sites) {
    const site = await tx.get('sites', name);
    if (!site || site.state === 'retired' || !chosen(site)) continue;
    const revision = await forwardOf(tx, name, push.id);
    if (!revision) continue;
    const offered = await tx.get('desired', name);
    if (offered && offered.number > revision.number) overtaken += 1;
    else targets.push({ site, revision });
  }
  if (targets.length > 0) return targets;
  const because = overtaken > 0 ? 'each of them was offered a newer one: push again' : 'none of its sites is chosen';
  throw new AppError('command-refused', `push ${push.id} can be published to no site: ${because}`);
}

async function forwardOf(tx: HubTx, site: string, push: string): Promise<SiteRevision | undefined> {
  const revisions = await tx.list('revisions', { prefix: `${site}/` });
  return revisions.map(({ row }) => row).findLast((row) => row.push === push && row.kind === 'forward');
}

function rulesOf({ sites, rules = {} }: PublishBody): PublicationRules {
  const chosen = sites === undefined ? rules.sites : [sites];
  return { ...RULES, ...rules, ...(chosen && chosen.length > 0 && { sites: chosen }) };
}

/** @throws AppError `usage-invalid` */
function choose(texts: readonly string[] | undefined): (site: FleetSite) => boolean {
  const selectors: SiteSelector[] = (texts ?? []).map((text) => {
    const selector = parseSelector(text);
    if (!selector.ok) throw new AppError('usage-invalid', selector.error);
    return selector.value;
  });
  return (site) => texts === undefined || selectors.some((selector) => selects(selector, site));
}

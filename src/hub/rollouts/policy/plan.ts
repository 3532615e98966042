import type {
  DesiredRevision,
  Publication,
  PublicationSite,
  PublicationSiteState,
  PublicationState,
} from '../../../model/fleet/hub-rows.ts';

/** A publication with all that decides how it goes on. */
export type Plan = {
  readonly publication: Publication;
  readonly rows: readonly PublicationSite[];
  /** What each site was offered last, by whichever publication. */
  readonly offers: ReadonlyMap<string, Pick<DesiredRevision, 'number' | 'publication' | 'isWithdrawn'>>;
  /** Whether the site was heard lately. */
  readonly isReachable: (site: string) => boolean;
  readonly now: number;
};

/** What is to be written, all in one unit. */
export type Effect =
  | { readonly kind: 'publication'; readonly publication: Publication }
  | { readonly kind: 'row'; readonly row: PublicationSite }
  | { readonly kind: 'offer'; readonly site: string; readonly number: number }
  | { readonly kind: 'withdraw'; readonly site: string };

export const FAILED: readonly PublicationSiteState[] = ['reverted', 'refused'];
/** The site has it, and does something with it. */
const TAKEN: readonly PublicationSiteState[] = ['fetched', 'trial'];
const UNTAKEN: readonly PublicationSiteState[] = ['waiting', 'offered'];

/** Whether this row still goes on, so that others wait for it. A site that cannot be reached has not failed, and holds up nobody. */
export function isMoving({ isReachable }: Plan, { state, site }: PublicationSite): boolean {
  return ([...UNTAKEN, ...TAKEN, 'deferred'] as string[]).includes(state) && isReachable(site);
}

/**
 * Whether a canary still goes on. One that fell silent while it tried the revision is waited for: it may have cut its own line.
 * One whose store is frozen is not.
 */
export function isCanaryMoving({ isReachable }: Plan, { state, site }: PublicationSite): boolean {
  return TAKEN.includes(state) || (UNTAKEN.includes(state) && isReachable(site));
}

/** States in which the publication gives its revisions to sites; in all others it gives none. */
const OFFERING: Readonly<Partial<Record<PublicationState, 'canaries' | 'all' | 'reverse'>>> = {
  canary: 'canaries',
  soaking: 'canaries',
  all: 'all',
  done: 'all',
  'rolling-back': 'reverse',
  'rolled-back': 'all',
};

export const OFFERING_STATES = Object.keys(OFFERING) as readonly PublicationState[];

/** Whether this publication gives its revision to the site of this row now. */
export function isOpen(plan: Plan, row: PublicationSite): boolean {
  const to = OFFERING[plan.publication.state];
  if (to === 'all') return true;
  if (to === 'canaries') return row.isCanary;
  // Canaries last: they have had it for longest.
  return to === 'reverse' && (!row.isCanary || !plan.rows.some((other) => !other.isCanary && isMoving(plan, other)));
}

/** Whether the number of this row is what the site was offered last. */
export function isOffered({ offers, publication }: Plan, { site, number }: PublicationSite): boolean {
  const offer = offers.get(site);
  return offer?.publication === publication.id && offer.number === number;
}

/** Why the publication must halt; undefined: it may go on. */
export function whyHalt({ publication, rows }: Plan): string | undefined {
  const { haltAfter, haltPercent } = publication.rules;
  const failed = rows.filter((row) => FAILED.includes(row.state));
  const counted = failed.length - (publication.forgiven ?? 0);
  if (counted <= 0) return undefined;
  const tried = failed.length + rows.filter((row) => row.state === 'confirmed').length;
  const byCount = haltAfter > 0 && counted >= haltAfter;
  const byRate = haltPercent > 0 && tried >= LEAST_TRIED && counted * 100 >= haltPercent * tried;
  const canaries = rows.filter((row) => row.isCanary);
  const noneLeft = canaries.length > 0 && canaries.every((row) => FAILED.includes(row.state));
  if (!byCount && !byRate && !noneLeft) return undefined;
  return `${count(failed.length)} reverted or refused it: ${failed.slice(0, 3).map(nameFailure).join('; ')}${failed.length > 3 ? '; …' : ''}`;
}

/** A rate of less says nothing. */
const LEAST_TRIED = 10;

export function count(sites: number): string {
  return sites === 1 ? '1 site' : `${sites} sites`;
}

function nameFailure({ site, because }: PublicationSite): string {
  return because === undefined ? site : `${site} (${because})`;
}

import { formatDuration } from '../kernel/duration.ts';
import type { FleetPage } from '../wire/api/fleet-queries.ts';
import type { PublicationCounts, PublicationSiteView, PublicationView } from '../wire/api/fleet-views.ts';
import { formatTable, formatTime } from './table.ts';

export function formatPublications({ rows }: FleetPage<PublicationView>): string {
  if (rows.length === 0) return 'nothing was published yet: slipway hub publish\n';
  const lines = rows.map((one) => [
    one.id,
    one.push,
    one.state,
    formatTime(one.since),
    countsText(one.counts),
    one.because ?? '',
  ]);
  return formatTable(['PUBLICATION', 'PUSH', 'STATE', 'SINCE', 'SITES', ''], lines);
}

/** One publication, and these of its sites. */
export function formatPublication(view: PublicationView, sites: readonly PublicationSiteView[]): string {
  const { rules, counts } = view;
  const begins =
    rules.canary.length === 0
      ? 'all at once'
      : `${rules.canary.join(' ')} first, then ${formatDuration(rules.soakMs)} of soaking`;
  const halts = [
    ...(rules.haltAfter > 0 ? [`after ${rules.haltAfter}`] : []),
    ...(rules.haltPercent > 0 ? [`at ${rules.haltPercent} %`] : []),
  ];
  const lines = [
    `publication  ${view.id} of push ${view.push}${view.comment === '' ? '' : ` (${view.comment})`}, by ${view.by}`,
    `state        ${view.state} since ${formatTime(view.since)}`,
    ...(view.because === undefined ? [] : [`             ${view.because}`]),
    ...(view.soakEndsAt === undefined ? [] : [`             all others from ${formatTime(view.soakEndsAt)} on`]),
    `rules        ${begins}; halts ${halts.join(' or ') || 'never'}`,
    `sites        ${countsText(counts)}`,
    ...(view.acts.length === 0
      ? []
      : [`you may      ${view.acts.map((act) => `slipway hub publish ${act} ${view.id}`).join('\n             ')}`]),
  ];
  const rows = sites.map((one) => [
    one.site,
    String(one.number),
    `${one.state}${one.isCanary ? ' (first)' : ''}${one.isUnreachable ? ', silent' : ''}`,
    formatTime(one.since),
    one.because ?? '',
  ]);
  const more =
    counts.sites > rows.length ? `… ${counts.sites - rows.length} more: slipway hub publish sites ${view.id}\n` : '';
  return `${lines.join('\n')}\n\n${formatTable(['SITE', 'REVISION', 'STATE', 'SINCE', ''], rows)}${more}`;
}

/** One line, each time that something changes. */
export function formatProgress({ id, state, because, counts }: PublicationView): string {
  return `${id} ${state}: ${countsText(counts)}${because === undefined ? '' : `; ${because}`}\n`;
}

/** Only what there is: `3 of 20 confirmed, 2 under way, 1 unreachable`. */
function countsText(counts: PublicationCounts): string {
  const parts: readonly (readonly [number, string])[] = [
    [counts.failed, 'FAILED'],
    [counts.underWay, 'under way'],
    [counts.waiting, 'waiting'],
    [counts.deferred, 'deferred'],
    [counts.unreachable, 'unreachable'],
    [counts.superseded, 'superseded'],
  ];
  const rest = parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`);
  return [`${counts.confirmed} of ${counts.sites} confirmed`, ...rest].join(', ');
}

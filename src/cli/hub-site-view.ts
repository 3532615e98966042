import { formatDuration } from '../kernel/duration.ts';
import type { FleetPage } from '../wire/api/fleet-queries.ts';
import type {
  EnrolmentView,
  FleetEventView,
  FleetRevision,
  FleetSiteRow,
  FleetSiteView,
  PushView,
  RevisionView,
} from '../wire/api/fleet-views.ts';
import { formatTable, formatTime } from './table.ts';

/** The list of sites; `isChosen`: not all were asked for. */
export function formatSites({ total, rows }: FleetPage<FleetSiteRow>, isChosen = false): string {
  if (total === 0)
    return isChosen
      ? 'no site fits: labels are those of fleet.yaml as they were last pushed\n'
      : 'head office knows no site yet: slipway hub invite SITE\n';
  const lines = rows.map((row) => [
    row.site,
    row.state,
    revisionText(row.revision),
    `${row.slots.enrolled}/${row.slots.total}`,
    row.alarms === 0 ? '-' : String(row.alarms),
    row.lastHeardAt === undefined ? 'never' : formatTime(row.lastHeardAt),
    row.revision.because ?? '',
  ]);
  return `${formatTable(['SITE', 'STATE', 'REVISION', 'SLOTS', 'ALARMS', 'HEARD', ''], lines)}${count(total, 'site')}\n`;
}

function revisionText({ number, push, wanted, state }: FleetRevision): string {
  const has = number === 0 ? 'none' : `${number}${push === undefined ? '' : ` (${push})`}`;
  return wanted === undefined || wanted.number === number
    ? has
    : `${has} → ${wanted.number} (${wanted.push}) ${state ?? ''}`.trim();
}

/** One site on one screen. */
export function formatSite(view: FleetSiteView): string {
  const labels = Object.entries(view.labels).map(([key, value]) => `${key}=${value}`);
  const lines = [
    `site         ${view.site}, ${view.state} since ${formatTime(view.since)}`,
    `labels       ${labels.join(', ') || 'none'}`,
    `revision     ${revisionText(view.revision)}`,
    ...(view.revision.because === undefined ? [] : [`             ${view.revision.because}`]),
    ...(view.freeze ? [`FROZEN       until ${formatTime(view.freeze.until)}${because(view.freeze.because)}`] : []),
    ...(view.notReady && view.notReady.length > 0 ? [`NOT READY    ${view.notReady.join('; ')}`] : []),
    `heard        ${view.lastHeardAt === undefined ? 'never' : `${formatTime(view.lastHeardAt)} from ${view.link.remote ?? '?'}`}`,
    ...linkLines(view),
    ...view.certificates.slice(0, 1).map((one) => `certificate  ${one.state}, until ${formatTime(one.notAfter)}`),
    ...view.invites.map((one) => `invite       ${one.id}-…, open until ${formatTime(one.expiresAt)}`),
    ...boxLines(view),
    ...view.imageViews.map((one) => `image        ${one.name} (${one.image}): ${one.sentence}`),
    ...view.alarmViews.map((one) => `ALARM        ${one.sentence}\n             What to do: ${one.toDo}`),
    ...view.siteAlarms.map((one) => `ITS ALARM    ${one.sentence}\n             What to do: ${one.toDo}`),
  ];
  const slots = view.slotViews.map((one) => [
    one.slot,
    one.state,
    one.machine?.mac ?? one.machine?.serial ?? '-',
    one.sentence,
  ]);
  return `${lines.join('\n')}\n${slots.length === 0 ? '' : `\n${formatTable(['SLOT', 'STATE', 'MACHINE', ''], slots)}`}`;
}

function linkLines({ link }: FleetSiteView): readonly string[] {
  const { clockOffsetMs: offset = 0, events } = link;
  return [
    ...(Math.abs(offset) < 60_000
      ? []
      : [`CLOCK        ${formatDuration(Math.abs(offset))} ${offset > 0 ? 'behind' : 'ahead'}`]),
    ...(events
      ? [
          `events       here up to ${events.through}${events.deadLetters === 0 ? '' : `, ${events.deadLetters} PUT ASIDE`}`,
        ]
      : []),
  ];
}

/** One box is as it should be; two are shown side by side. */
function boxLines({ sessions }: FleetSiteView): readonly string[] {
  const speaking = sessions.filter(({ standing }) => standing !== 'past');
  if (speaking.length < 2) return [];
  return speaking.map(
    ({ standing, hardware, remote, lastAt }) =>
      `BOX          ${standing}: ${hardware.manufacturer} ${hardware.product} ${hardware.serial} from ${remote}, heard ${formatTime(lastAt)}`,
  );
}

export function formatTimeline(events: readonly FleetEventView[]): string {
  if (events.length === 0) return 'nothing happened there that head office knows of\n';
  return [...events]
    .reverse()
    .map((one) => `${formatTime(one.at)}  ${one.type.padEnd(17)} ${one.sentence}\n`)
    .join('');
}

export function formatEnrolments({ total, rows }: FleetPage<EnrolmentView>): string {
  const lines = rows.map((one) => [
    formatTime(one.receivedAt),
    one.site,
    one.slot ?? '-',
    one.machine ?? '-',
    one.sentence,
  ]);
  return `${rows.length === 0 ? '' : formatTable(['HEARD', 'SITE', 'SLOT', 'MACHINE', ''], lines)}${count(total, 'enrolment')}\n`;
}

export function formatPushes({ rows }: FleetPage<PushView>): string {
  if (rows.length === 0) return 'nothing was pushed yet: slipway template push\n';
  const lines = rows.map((one) => [
    one.id,
    formatTime(one.at),
    one.by,
    String(one.sites),
    one.commit?.slice(0, 12) ?? '-',
    one.comment,
  ]);
  return formatTable(['PUSH', 'AT', 'BY', 'SITES', 'COMMIT', 'COMMENT'], lines);
}

export function formatRevisions({ rows }: FleetPage<RevisionView>): string {
  if (rows.length === 0) return 'this site has no revision yet: slipway template push\n';
  const lines = rows.map((one) => [
    String(one.number),
    one.push,
    one.kind === 'back' ? 'the way back' : 'new',
    one.content.slice(0, 12),
    formatTime(one.at),
    [...(one.inForce ? ['in force'] : []), ...(one.wanted ? ['wanted'] : [])].join(', '),
  ]);
  return formatTable(['REVISION', 'PUSH', 'KIND', 'CONTENT', 'AT', ''], lines);
}

function because(text: string | undefined): string {
  return text === undefined ? '' : `: ${text}`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

import type {
  FleetOverview,
  FleetRevision,
  FleetSiteRow,
  FleetSiteState,
  SlotCount,
} from '../../../wire/api/fleet-views.ts';
import type { Tone } from '../../words/slot.ts';
import { sinceWhen } from '../../words/time.ts';

/**
 * Whether the page still hears head office: `isLive` by the stream of changes, `silentSince` when it did not even answer.
 * Times are those of the browser.
 */
export type Reach = { readonly isLive: boolean; readonly answeredAt?: number; readonly silentSince?: number };

/** A state as a person reads it. */
export type Words = { readonly word: string; readonly tone: Tone };

const STATES: Readonly<Record<FleetSiteState, Words>> = {
  online: { word: 'Online', tone: 'good' },
  silent: { word: 'Silent', tone: 'note' },
  forked: { word: 'Two boxes', tone: 'bad' },
  invited: { word: 'Invited', tone: 'none' },
  retired: { word: 'Closed', tone: 'none' },
};
/** What the filter calls them. */
export const STATE_WORDS: Readonly<Record<FleetSiteState, string>> = {
  online: 'Online',
  silent: 'Silent',
  forked: 'Two boxes with one identity',
  invited: 'Invited, nobody came yet',
  retired: 'Closed',
};

export function siteWords(state: FleetSiteState): Words {
  return STATES[state];
}

/** What is the matter with a site, in a sentence. A site that is silent has not failed. */
export function siteDetail(
  { state, since, lastHeardAt }: Pick<FleetSiteRow, 'state' | 'since' | 'lastHeardAt'>,
  now: number,
): string {
  switch (state) {
    case 'online':
      return `Online ${sinceWhen(since, now)}.`;
    case 'silent':
      return `Not heard ${sinceWhen(lastHeardAt ?? since, now)}. Its store goes on with what it has; it gets the newest revision when it comes back.`;
    case 'forked':
      return `Two boxes say that they are this site, ${sinceWhen(since, now)}. What the newcomer says is not counted.`;
    case 'invited':
      return `Invited ${sinceWhen(since, now)}; nobody has used the code yet.`;
    case 'retired':
      return `Closed ${sinceWhen(since, now)}: its certificates are refused.`;
  }
}

/** Which revision is in force, and which one is to be, in a line. */
export function revisionLine({ number, push, wanted }: FleetRevision): string {
  const inForce = number === 0 ? 'no revision' : `revision ${number}${push === undefined ? '' : ` (${push})`}`;
  if (wanted === undefined || wanted.number === number) return inForce;
  return `${inForce}, to have ${wanted.number} (${wanted.push})`;
}

/** Why a site has not what it is to have; undefined: it has. */
export function whyNot({ number, wanted, state, because }: FleetRevision): string | undefined {
  if (wanted === undefined || wanted.number === number) return undefined;
  const reason = because ?? (state === undefined ? 'it was not heard since' : `it is ${state}`);
  return `Not on revision ${wanted.number}: ${sentence(reason)}`;
}

export function slotsLine({ enrolled, total }: SlotCount): string {
  return total === 0 ? 'no slots' : `${enrolled} of ${total} working`;
}

/** Images that a site is to have and has not; empty: it has all. */
export function imagesLine({ images }: Pick<FleetSiteRow, 'images'>): string {
  if (!images || images.complete === images.total) return '';
  return `${images.complete} of ${images.total} images here`;
}

/** How the fleet is, in a line. */
export function summary({
  sites,
  behind,
  lackImages,
  alarms,
}: Pick<FleetOverview, 'sites' | 'behind' | 'lackImages' | 'alarms'>): string {
  const total = Object.values(sites).reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'No site yet: slipway hub invite SITE makes a code for the first one.';
  return [
    `${count(sites.online + sites.forked)} of ${count(total)} sites online`,
    ...(sites.silent > 0 ? [`${count(sites.silent)} silent`] : []),
    ...(behind > 0 ? [`${count(behind)} not yet on their revision`] : []),
    ...(lackImages > 0 ? [`${count(lackImages)} without all their images`] : []),
    ...(alarms > 0 ? [`${count(alarms)} ${alarms === 1 ? 'alarm' : 'alarms'}`] : []),
  ].join(', ');
}

/** `3,000` */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Labels as a selector writes them: `region=eu tier=1`. */
export function labelsLine(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/** With a full stop. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`;
}

import type { FleetCertificateView, FleetLinkView, FleetSessionView } from '../../../wire/api/fleet-views.ts';
import { clockTime, dayOf, howLong } from '../../words/time.ts';
import type { Words } from './fleet.ts';

const STANDINGS: Readonly<Record<FleetSessionView['standing'], Words>> = {
  current: { word: 'Speaks for the site', tone: 'good' },
  quarantined: { word: 'Stands aside', tone: 'bad' },
  past: { word: 'Gone', tone: 'none' },
};

/** The boxes of a site that are shown side by side: the one that counts, and each that came beside it. */
export function isPresent({ standing }: FleetSessionView): boolean {
  return standing !== 'past';
}

export function sessionWords({ standing }: FleetSessionView): Words {
  return STANDINGS[standing];
}

/** What is written on a box. */
export function boxName({ hardware: { manufacturer, product } }: FleetSessionView): string {
  return [manufacturer, product].filter((text) => text !== '').join(' ') || 'A box that does not say its make';
}

/** By what two boxes can be told apart, each with its label. */
export function boxMarks({ hardware, remote, firstAt, lastAt }: FleetSessionView, now: number): readonly string[] {
  return [
    hardware.serial === '' ? 'No serial number' : `Serial ${hardware.serial}`,
    ...(hardware.machineId === '' ? [] : [`Machine id ${hardware.machineId}`]),
    `From ${remote}`,
    `Came ${onDay(firstAt, now)}; last heard ${onDay(lastAt, now)}`,
  ];
}

const CERTIFICATES: Readonly<Record<FleetCertificateView['state'], Words>> = {
  valid: { word: 'Valid', tone: 'good' },
  expiring: { word: 'Not renewed', tone: 'note' },
  expired: { word: 'Expired', tone: 'bad' },
  revoked: { word: 'Revoked', tone: 'bad' },
  past: { word: 'Replaced', tone: 'none' },
};

export function certificateWords({ state }: FleetCertificateView): Words {
  return CERTIFICATES[state];
}

export function certificateDetail({ state, notAfter, revoked }: FleetCertificateView, now: number): string {
  if (revoked) return `Revoked by ${revoked.by} ${onDay(revoked.at, now)}: ${revoked.because}`;
  if (notAfter <= now)
    return `Expired ${onDay(notAfter, now)}. The site asks for a new one by itself when it comes back.`;
  const left = `Good for ${howLong(notAfter - now)} more`;
  return state === 'expiring' ? `${left}. The site should have renewed it by itself: is it online?` : `${left}.`;
}

/** What is to be known of the way to a site. */
export function linkLines({ remote, clockOffsetMs = 0, events }: FleetLinkView): readonly string[] {
  const off = Math.abs(clockOffsetMs);
  return [
    ...(remote === undefined ? [] : [`Calls from ${remote}.`]),
    ...(events === undefined
      ? ['No events of it are here yet.']
      : [`Its events up to number ${events.through} are here.`]),
    ...(events && events.deadLetters > 0
      ? [`${events.deadLetters} of its events could not be read, and were put aside.`]
      : []),
    ...(off < 60_000
      ? []
      : [`Its own clock is ${howLong(off)} ${clockOffsetMs > 0 ? 'behind' : 'ahead'}; it goes by head office's time.`]),
  ];
}

/** `today, 14:03` */
export function onDay(at: number, now: number): string {
  const day = dayOf(at, now);
  return `${day === 'Today' || day === 'Yesterday' ? day.toLowerCase() : day}, ${clockTime(at)}`;
}

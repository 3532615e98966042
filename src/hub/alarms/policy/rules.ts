import type { FleetSite, IssuedCertificate } from '../../../model/fleet/hub-rows.ts';
import type { Finding, FleetFacts } from './facts.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What happened once is an alarm for so long. */
const ONCE_MS = 7 * DAY_MS;
const SAID_DAILY_MS = DAY_MS + 60 * MINUTE_MS;
const WAITING_MS = 15 * MINUTE_MS;
const CLOCK_OFF_MS = 5 * MINUTE_MS;
/** From the last of these on it is an alarm. */
const LEFT_PERCENT = [10, 25, 50];
const DISK_LEFT_PERCENT = 10;

type Rule = (facts: FleetFacts) => readonly Finding[];

/** All rules; each looks at the facts alone. */
const RULES: readonly Rule[] = [
  silentSites,
  forkedIdentities,
  pendingApprovals,
  endingCertificates,
  haltedPublications,
  failedTries,
  lostEvents,
  waitingEvents,
  deadLetters,
  waitingMachines,
  wrongClocks,
  oldBackup,
  fullDisk,
];

/** What is not as it should be; of a site that was closed nobody wants to hear. */
export function findAlarms(facts: FleetFacts): readonly Finding[] {
  const closed = new Set(facts.sites.filter(({ state }) => state === 'retired').map(({ name }) => name));
  return RULES.flatMap((rule) => rule(facts)).filter(({ site }) => site === undefined || !closed.has(site));
}

function silentSites({ now, silentAfterMs, ...facts }: FleetFacts): readonly Finding[] {
  return enrolled(facts).flatMap(({ name, lastHeardAt }) => {
    if (lastHeardAt === undefined || now - lastHeardAt <= silentAfterMs) return [];
    const sentence = `${name} was not heard since ${when(lastHeardAt)}`;
    return [{ kind: 'site-silent', subject: name, site: name, since: lastHeardAt, sentence }];
  });
}

function forkedIdentities({ now, sessions }: FleetFacts): readonly Finding[] {
  const aside = sessions.filter(({ standing, lastAt }) => standing === 'quarantined' && now - lastAt < DAY_MS);
  return groups(aside, ({ site }) => site).map(([site, boxes]) => {
    const where = boxes.map(({ remote, hardware }) => `${hardware.serial || hardware.product || 'a box'} at ${remote}`);
    const sentence = `${where.join(' and ')} stands aside: it has the identity of ${site}, which still speaks`;
    return { kind: 'identity-forked', subject: site, site, since: earliest(boxes.map((box) => box.firstAt)), sentence };
  });
}

function pendingApprovals({ approvals }: FleetFacts): readonly Finding[] {
  return approvals
    .filter(({ approved }) => !approved)
    .map(({ site, askedAt, remote, expiredAt }) => {
      const sentence = `a box at ${remote} asks to be ${site} again; its certificate was over on ${when(expiredAt)}`;
      return { kind: 'approval-pending', subject: site, site, since: askedAt, sentence };
    });
}

function endingCertificates({ now, certificates, ...facts }: FleetFacts): readonly Finding[] {
  const bySite = new Map(groups(certificates, ({ site }) => site));
  return enrolled(facts).flatMap((site) => {
    const good = (bySite.get(site.name) ?? []).filter(({ revoked }) => !revoked);
    const last = good.sort((a, b) => b.notAfter - a.notAfter)[0];
    return last ? ending(last, now) : [];
  });
}

function ending({ site, issuedAt, notAfter }: IssuedCertificate, now: number): readonly Finding[] {
  const about = { subject: site, site };
  if (now >= notAfter)
    return [
      {
        kind: 'certificate-over',
        ...about,
        since: notAfter,
        sentence: `the certificate of ${site} was over on ${when(notAfter)}`,
      },
    ];
  // From the day it was given: it begins earlier only for clocks that are late.
  const part = (percent: number): number => ((notAfter - issuedAt) * percent) / 100;
  const step = LEFT_PERCENT.find((percent) => notAfter - now <= part(percent));
  if (step === undefined) return [];
  const sentence = `less than ${step} % of the life of ${site}'s certificate is left; it is over on ${when(notAfter)}`;
  return [{ kind: 'certificate-ending', ...about, since: notAfter - part(LEFT_PERCENT.at(-1) ?? 0), sentence }];
}

function haltedPublications({ publications }: FleetFacts): readonly Finding[] {
  return publications
    .filter(({ state }) => state === 'halted')
    .map(({ id, push, since, because }) => {
      const sentence = `publication ${id} of ${push} has stopped${because ? `: ${because}` : ''}`;
      return { kind: 'publication-halted', subject: id, since, sentence };
    });
}

function failedTries({ tries }: FleetFacts): readonly Finding[] {
  return tries.flatMap(({ site, number, state, since, because }) => {
    if (state !== 'reverted' && state !== 'refused') return [];
    const did = state === 'reverted' ? 'has taken back' : 'refuses';
    const sentence = `${site} ${did} revision ${number}${because ? `: ${because}` : ''}`;
    return [{ kind: `revision-${state}` as const, subject: site, site, since, sentence }];
  });
}

function lostEvents({ now, gaps }: FleetFacts): readonly Finding[] {
  const recent = gaps.filter(({ receivedAt }) => now - receivedAt < ONCE_MS);
  return groups(recent, ({ site }) => site).map(([site, [newest, ...older]]) => {
    const more = older.length > 0 ? `; not the first ones this week (${older.length + 1})` : '';
    const sentence = `events of ${site} are lost: ${newest.sentence}${more}`;
    const since = earliest([newest, ...older].map(({ receivedAt }) => receivedAt));
    return { kind: 'events-lost', subject: site, site, since, sentence };
  });
}

function waitingEvents({ now, backlogs }: FleetFacts): readonly Finding[] {
  // A site says so once a day, for as long as it is so.
  return backlogs
    .filter(({ saidAt }) => now - saidAt < SAID_DAILY_MS)
    .map(({ site, sentence }) => ({ kind: 'events-waiting', subject: site, site, sentence: `${site}: ${sentence}` }));
}

function deadLetters({ now, deadLetters: letters }: FleetFacts): readonly Finding[] {
  const recent = letters.filter(({ at }) => now - at < ONCE_MS);
  return groups(recent, ({ site }) => site).map(([site, dead]) => {
    const newest = dead.reduce((a, b) => (a.at >= b.at ? a : b));
    const sentence = `${dead.length} of the reports of ${site} cannot be read; the newest, ${newest.epoch} ${newest.seq}: ${newest.because}`;
    return { kind: 'dead-letters', subject: site, site, since: earliest(dead.map(({ at }) => at)), sentence };
  });
}

function waitingMachines({ now, waiting }: FleetFacts): readonly Finding[] {
  return waiting.flatMap(({ site, machines, since }) => {
    if (now - since <= WAITING_MS) return [];
    const sentence = `${machines === 1 ? 'a machine waits' : `${machines} machines wait`} for a slot at ${site}`;
    return [{ kind: 'machine-waiting', subject: site, site, since, sentence }];
  });
}

function wrongClocks(facts: FleetFacts): readonly Finding[] {
  return enrolled(facts).flatMap(({ name, clockOffsetMs = 0 }) => {
    if (Math.abs(clockOffsetMs) <= CLOCK_OFF_MS) return [];
    const minutes = Math.round(Math.abs(clockOffsetMs) / MINUTE_MS);
    const sentence = `the clock of ${name} is ${minutes} minutes ${clockOffsetMs > 0 ? 'behind' : 'ahead'}`;
    return [{ kind: 'clock-off', subject: name, site: name, sentence }];
  });
}

function oldBackup({ now, backup, sites }: FleetFacts): readonly Finding[] {
  // Before there is a site there is nothing to lose.
  const since = backup?.at ?? (sites.length > 0 ? earliest(sites.map(({ createdAt }) => createdAt)) : now);
  if (now - since <= DAY_MS) return [];
  const sentence = backup
    ? `the last backup of head office was made on ${when(since)}`
    : 'no backup was ever made of this head office';
  return [{ kind: 'backup-old', subject: 'hub', since: since + DAY_MS, sentence }];
}

function fullDisk({ disk }: FleetFacts): readonly Finding[] {
  const percent = Math.floor((disk.freeBytes / disk.totalBytes) * 100);
  if (percent >= DISK_LEFT_PERCENT) return [];
  const sentence = `less than ${percent + 1} % of the disk of head office is free`;
  return [{ kind: 'disk-nearly-full', subject: 'hub', sentence }];
}

function enrolled({ sites }: Pick<FleetFacts, 'sites'>): readonly FleetSite[] {
  return sites.filter(({ state }) => state === 'enrolled');
}

/** In the order of their first member; no group is empty. */
function groups<T>(all: readonly T[], keyOf: (one: T) => string): readonly (readonly [string, [T, ...T[]]])[] {
  const found = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const group = found.get(keyOf(one));
    if (group) group.push(one);
    else found.set(keyOf(one), [one]);
  }
  return [...found];
}

function earliest(times: readonly number[]): number {
  return times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** To the minute, in UTC: sites lie in many time zones. */
function when(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

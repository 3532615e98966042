import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import { FLEET_ALARM_KINDS } from '../../../model/fleet/fleet-alarm.ts';
import type {
  DeadLetter,
  FleetAlarm,
  FleetSite,
  IssuedCertificate,
  Publication,
  PublicationSite,
  SiteSession,
} from '../../../model/fleet/hub-rows.ts';
import type { KeptFleetEvent } from '../../../model/fleet/hub-store.ts';
import { backlogsIn } from './backlog.ts';
import { alarmChanges } from './changes.ts';
import type { FleetFacts } from './facts.ts';
import { findAlarms } from './rules.ts';
import { waitingNow } from './waiting.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const now = Date.UTC(2026, 10, 21, 12);

const calm: FleetFacts = {
  ...{ now, silentAfterMs: 15 * MINUTE, sites: [], certificates: [], sessions: [], deadLetters: [], gaps: [] },
  ...{ publications: [], tries: [], approvals: [], waiting: [], backlogs: [], backup: undefined },
  disk: { freeBytes: 50, totalBytes: 100 },
};
const site: FleetSite = {
  ...{ name: 'store-1', createdAt: now - DAY, state: 'enrolled', labels: {} },
  ...{ confirmedNumber: 1, highestNumber: 1, lastHeardAt: now },
};
const certificate: IssuedCertificate = {
  ...{ site: 'store-1', serial: '1', keyDigest: '' as Digest, how: 'enroll', issuedAt: now },
  ...{ notBefore: now - 2 * DAY, notAfter: now + 90 * DAY },
};
const session = {
  ...{ site: 'store-1', session: 's2', firstAt: now - MINUTE, lastAt: now, remote: '192.0.2.7', ratchet: '' },
  hardware: { machineId: '', manufacturer: '', product: 'NUC11', serial: 'CZC123' },
  standing: 'quarantined',
} as unknown as SiteSession;
const publication = { id: 'r7', push: 'p7', state: 'halted', since: now - 5, because: 'store-2 has reverted' };
const tried: PublicationSite = {
  ...{ publication: 'r7', site: 'store-1', number: 12, isCanary: true, state: 'reverted', since: now - 3 },
  because: 'no machine had an address',
};
const gap: KeptFleetEvent = {
  ...{ id: 9, site: 'store-1', epoch: 'e', seq: 4, type: 'gap', at: 1, through: 9, receivedAt: now - DAY },
  sentence: 'six events were deleted after 90 days',
};
const dead: DeadLetter = {
  site: 'store-1',
  epoch: 'e',
  seq: 3,
  at: now - DAY,
  because: 'its time is no time',
  bytes: '',
};
const backlog = { site: 'store-1', saidAt: now, sentence: '3 events wait for head office, the oldest for 2d.' };
const waiting = { site: 'store-1', machines: 2, since: 0 };
const kindsOf = (facts: Partial<FleetFacts>) => findAlarms({ ...calm, ...facts }).map(({ kind }) => kind);
const asked = { site: 'store-1', serial: '1', keyDigest: '' as Digest, askedAt: 8, remote: '192.0.2.9', expiredAt: 0 };
const endsIn = (ms: number) => ({
  sites: [site],
  certificates: [{ ...certificate, issuedAt: now + ms - 90 * DAY, notAfter: now + ms }],
});

describe('an alarm', () => {
  // Per row: what is an alarm, and what just is none.
  it.each<readonly [string, Partial<FleetFacts>, Partial<FleetFacts>]>([
    [
      'site-silent',
      { sites: [{ ...site, lastHeardAt: now - 15 * MINUTE - 1 }] },
      { sites: [{ ...site, lastHeardAt: now - 15 * MINUTE }] },
    ],
    ['identity-forked', { sessions: [session] }, { sessions: [{ ...session, standing: 'past' }] }],
    ['identity-forked', { sessions: [session] }, { sessions: [{ ...session, lastAt: now - DAY }] }],
    ['approval-pending', { approvals: [asked] }, { approvals: [{ ...asked, approved: { at: 9, by: 'anna' } }] }],
    ['certificate-over', endsIn(0), endsIn(90 * DAY)],
    ['certificate-ending', endsIn(1), endsIn(46 * DAY)],
    ['certificate-ending', endsIn(45 * DAY), endsIn(45 * DAY + 1)],
    [
      'publication-halted',
      { publications: [publication as Publication] },
      { publications: [{ ...publication, state: 'paused' } as Publication] },
    ],
    ['revision-reverted', { tries: [tried] }, { tries: [{ ...tried, state: 'trial' }] }],
    ['revision-refused', { tries: [{ ...tried, state: 'refused' }] }, { tries: [{ ...tried, state: 'deferred' }] }],
    ['events-lost', { gaps: [gap] }, { gaps: [{ ...gap, receivedAt: now - 7 * DAY }] }],
    [
      'events-waiting',
      { backlogs: [{ ...backlog, saidAt: now - DAY }] },
      { backlogs: [{ ...backlog, saidAt: now - DAY - 60 * MINUTE }] },
    ],
    ['dead-letters', { deadLetters: [dead] }, { deadLetters: [{ ...dead, at: now - 7 * DAY }] }],
    [
      'machine-waiting',
      { waiting: [{ ...waiting, since: now - 15 * MINUTE - 1 }] },
      { waiting: [{ ...waiting, since: now - 15 * MINUTE }] },
    ],
    [
      'clock-off',
      { sites: [{ ...site, clockOffsetMs: -5 * MINUTE - 1 }] },
      { sites: [{ ...site, clockOffsetMs: 5 * MINUTE }] },
    ],
    ['backup-old', { sites: [{ ...site, createdAt: now - DAY - 1 }] }, { sites: [site] }],
    [
      'backup-old',
      { backup: { at: now - DAY - 1, path: '/x', bytes: 1, by: 'anna' } },
      { backup: { at: now - DAY, path: '/x', bytes: 1, by: 'anna' }, sites: [{ ...site, createdAt: 0 }] },
    ],
    [
      'disk-nearly-full',
      { disk: { freeBytes: 99, totalBytes: 1_000 } },
      { disk: { freeBytes: 100, totalBytes: 1_000 } },
    ],
  ])('%s comes, and does not come', (kind, alarming, fine) => {
    expect(kindsOf(alarming)).toEqual([kind]);
    expect(kindsOf(fine)).toEqual([]);
  });

  it('is there for every kind, and says what it is about', () => {
    const findings = findAlarms({
      ...calm,
      sites: [
        { ...site, lastHeardAt: 0, clockOffsetMs: 6 * MINUTE, createdAt: 0 },
        { ...site, name: 'store-2' },
      ],
      certificates: [
        { ...certificate, notAfter: now - 1 },
        { ...certificate, site: 'store-2', issuedAt: now - 70 * DAY, notAfter: now + 20 * DAY },
      ],
      ...{ sessions: [session], approvals: [asked], publications: [publication as Publication] },
      ...{ tries: [tried, { ...tried, site: 'store-2', state: 'refused' }], gaps: [gap, gap], deadLetters: [dead] },
      ...{ waiting: [waiting], backlogs: [backlog] },
      disk: { freeBytes: 0, totalBytes: 100 },
    });
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(FLEET_ALARM_KINDS));
    expect(findings.map(({ kind, sentence }) => `${kind}: ${sentence}`).sort()).toMatchInlineSnapshot(`
      [
        "approval-pending: a box at 192.0.2.9 asks to be store-1 again; its certificate was over on 1970-01-01 00:00 UTC",
        "backup-old: no backup was ever made of this head office",
        "certificate-ending: less than 25 % of the life of store-2's certificate is left; it is over on 2026-12-11 12:00 UTC",
        "certificate-over: the certificate of store-1 was over on 2026-11-21 11:59 UTC",
        "clock-off: the clock of store-1 is 6 minutes behind",
        "dead-letters: 1 of the reports of store-1 cannot be read; the newest, e 3: its time is no time",
        "disk-nearly-full: less than 1 % of the disk of head office is free",
        "events-lost: events of store-1 are lost: six events were deleted after 90 days; not the first ones this week (2)",
        "events-waiting: store-1: 3 events wait for head office, the oldest for 2d.",
        "identity-forked: CZC123 at 192.0.2.7 stands aside: it has the identity of store-1, which still speaks",
        "machine-waiting: 2 machines wait for a slot at store-1",
        "publication-halted: publication r7 of p7 has stopped: store-2 has reverted",
        "revision-refused: store-2 refuses revision 12: no machine had an address",
        "revision-reverted: store-1 has taken back revision 12: no machine had an address",
        "site-silent: store-1 was not heard since 1970-01-01 00:00 UTC",
      ]
    `);
  });

  it('never is of a site that nobody expects: invited, never heard, or closed', () => {
    const lost = { ...site, lastHeardAt: 0, clockOffsetMs: DAY };
    const { lastHeardAt: _never, clockOffsetMs: _none, ...unheard } = lost;
    const certificates = [{ ...certificate, notAfter: 0 }];
    expect(
      kindsOf({
        sites: [
          { ...lost, state: 'retired' },
          { ...lost, state: 'invited' },
        ],
        certificates,
      }),
    ).toEqual([]);
    const closed = { ...lost, state: 'retired' as const };
    const ofSite = { sessions: [session], approvals: [asked], tries: [tried], gaps: [gap], deadLetters: [dead] };
    expect(kindsOf({ sites: [closed], ...ofSite, waiting: [waiting] })).toEqual([]);
    expect(kindsOf({ sites: [unheard] })).toEqual([]);
  });

  it('looks at the certificate that lasts longest, and at none that was revoked', () => {
    const old = { ...certificate, notAfter: now - 1 };
    expect(kindsOf({ sites: [site], certificates: [old, certificate] })).toEqual([]);
    const revoked = { ...certificate, revoked: { at: 1, by: 'anna', because: 'stolen' } };
    expect(kindsOf({ sites: [site], certificates: [old, revoked] })).toEqual(['certificate-over']);
  });

  it('of a certificate goes on as one through its steps, from the half on', () => {
    const at = (days: number) => findAlarms({ ...calm, ...endsIn(days * DAY) })[0];
    expect([at(45), at(22), at(9)].map((found) => /\d+ %/.exec(found?.sentence ?? '')?.[0])).toEqual([
      ...['50 %', '25 %', '10 %'],
    ]);
    expect(at(45)?.since).toBe(now);
    expect(at(9)?.since).toBe(now - 36 * DAY);
  });
});

describe('waiting machines', () => {
  const entry = (held: unknown, at: number) =>
    ({ site: 'store-1', key: 'site', digest: '' as Digest, value: JSON.stringify({ held }), at }) as const;

  it('wait since the first of the looks that saw any without a pause, or since the site said so', () => {
    const first = waitingNow([], [entry(1, 5)]);
    const second = waitingNow(first, [entry(3, 9)]);
    expect(second).toEqual([{ site: 'store-1', machines: 3, since: 5 }]);
    expect(waitingNow(waitingNow(second, [entry(0, 10)]), [entry(1, 11)])[0]?.since).toBe(11);
  });

  it('are none where a site says nonsense', () => {
    const nonsense = ['', '7', 'null', '{"held":"3"}', '[]'].map((value) => ({ ...entry(0, 1), value }));
    expect(waitingNow([], nonsense)).toEqual([]);
  });
});

describe('events that wait at a site', () => {
  const entry = (value: unknown) => ({
    ...{ site: 'store-1', key: 'alarms', digest: '' as Digest, at: 1 },
    value: typeof value === 'string' ? value : JSON.stringify(value),
  });
  const alarm = { type: 'events-waiting', about: '', sentence: 'they wait', firstAt: 3, lastAt: 7 };

  it('are known by its own alarm, and by no other and no nonsense', () => {
    expect(backlogsIn([entry([{ ...alarm, type: 'clock-off' }, alarm])])).toEqual([
      { site: 'store-1', saidAt: 7, sentence: 'they wait' },
    ]);
    const nonsense = ['', '7', 'null', '{}', [null, 7, { ...alarm, lastAt: 'x' }, { type: 'events-waiting' }]];
    expect(backlogsIn(nonsense.map(entry))).toEqual([]);
  });

  it('are nothing to worry about at a site that was closed', () => {
    const facts = { ...calm, sites: [{ ...site, state: 'retired' as const }] };
    expect(findAlarms({ ...facts, backlogs: [backlog], gaps: [gap], approvals: [asked] })).toEqual([]);
  });
});

describe('the rows of the alarms', () => {
  const silent = { kind: 'site-silent', subject: 'store-1', site: 'store-1', sentence: 'it is silent' } as const;
  const written = (kept: FleetAlarm | undefined, ...findings: Parameters<typeof alarmChanges>[1]) =>
    alarmChanges(new Map(kept ? [['site-silent/store-1', kept]] : []), findings, now);
  const [first] = written(undefined, silent);

  it('begin when they were first seen, or when it is known that they began', () => {
    expect(first).toMatchObject({ key: 'site-silent/store-1', row: { since: now, kind: 'site-silent' } });
    expect(first?.row?.toDo).toMatch(/WAN/);
    expect(written(undefined, { ...silent, since: 5 })[0]?.row?.since).toBe(5);
  });

  it('are not written again while nothing changes, keep their beginning, and go', () => {
    const kept = { ...first?.row, since: 7 } as FleetAlarm;
    expect(written(kept, silent)).toEqual([]);
    expect(written(kept, { ...silent, sentence: 'still' })[0]?.row).toMatchObject({ since: 7, sentence: 'still' });
    expect(written(kept)).toEqual([{ key: 'site-silent/store-1', row: undefined }]);
  });
});

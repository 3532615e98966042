import type {
  FleetCertificateView,
  FleetEventView,
  FleetOverview,
  FleetSessionView,
  FleetSiteRow,
  FleetSiteView,
  PublicationCounts,
  PublicationView,
} from '../../src/wire/api/fleet-views.ts';
import { MINUTE, NOW } from './page-views.ts';

export { MINUTE, NOW };
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function sampleSite(more: Partial<FleetSiteRow> = {}): FleetSiteRow {
  return {
    ...{ site: 'store-0001', state: 'online', since: NOW - HOUR, lastHeardAt: NOW, version: '0.1.0', alarms: 0 },
    ...{ labels: { region: 'eu' }, revision: { number: 4, push: 'p2' }, slots: { enrolled: 2, total: 3 } },
    ...more,
  } as FleetSiteRow;
}

export function sampleSession(more: Partial<FleetSessionView> = {}): FleetSessionView {
  return {
    ...{ session: 's1', firstAt: NOW - DAY, lastAt: NOW, remote: '192.0.2.7', standing: 'current' },
    hardware: { machineId: 'a1', manufacturer: 'Lenovo', product: 'M70q', serial: 'PC1' },
    ...more,
  } as FleetSessionView;
}

export function sampleCertificate(more: Partial<FleetCertificateView> = {}): FleetCertificateView {
  return {
    ...{ serial: '0a1b', keyDigest: 'sha256:00', how: 'enroll', state: 'valid' },
    ...{ notBefore: NOW - 3 * DAY, notAfter: NOW + 88 * DAY, issuedAt: NOW - DAY },
    ...more,
  } as FleetCertificateView;
}

export function sampleSiteView(more: Partial<FleetSiteView> = {}): FleetSiteView {
  return {
    ...sampleSite(),
    ...{
      at: NOW,
      createdAt: NOW - 30 * DAY,
      notReady: [],
      invites: [],
      alarmViews: [],
      siteAlarms: [],
      imageViews: [],
    },
    sessions: [sampleSession()],
    certificates: [sampleCertificate()],
    link: { remote: '192.0.2.7', clockOffsetMs: 200, events: { epoch: 'e1', through: 41, deadLetters: 0 } },
    slotViews: [
      {
        ...{
          slot: 'pos-1',
          state: 'enrolled',
          sentence: 'Debian 12 runs',
          since: NOW - HOUR,
          profile: 'pos',
          binding: 2,
        },
        machine: { manufacturer: 'Dell', product: 'Wyse 5070', serial: 'CZC1', mac: '52:54:00:00:00:01' },
      },
    ],
    ...more,
  };
}

export function sampleEvent(more: Partial<FleetEventView> = {}): FleetEventView {
  return {
    ...{ id: 9, site: 'store-0001', epoch: 'e1', seq: 9, type: 'node-enrolled', at: NOW - HOUR },
    ...{ receivedAt: NOW - HOUR, sentence: 'pos-1 is enrolled', slot: 'pos-1' },
    ...more,
  };
}

export function sampleCounts(more: Partial<PublicationCounts> = {}): PublicationCounts {
  const none = { confirmed: 0, failed: 0, unreachable: 0, deferred: 0, underWay: 0, waiting: 0, superseded: 0 };
  return { sites: 20, canaries: 2, ...none, ...more };
}

export function samplePublication(more: Partial<PublicationView> = {}): PublicationView {
  return {
    ...{ id: 'r7', push: 'p3', comment: 'new till image', by: 'anna', at: NOW - HOUR, state: 'canary' },
    since: NOW - 5 * MINUTE,
    rules: { canary: ['store-0001', 'store-0002'], soakMs: 30 * MINUTE, haltAfter: 1, haltPercent: 5 },
    acts: ['pause', 'abort', 'rollback'],
    counts: sampleCounts({ underWay: 2, waiting: 18 }),
    ...more,
  } as PublicationView;
}

export function sampleFleet(more: Partial<FleetOverview> = {}): FleetOverview {
  return {
    ...{
      hub: 'hub-eu',
      version: '0.1.0',
      at: NOW,
      you: { name: 'anna', role: 'operate' },
      behind: 0,
      lackImages: 0,
      alarms: 0,
    },
    sites: { invited: 0, online: 3, silent: 0, forked: 0, retired: 0 },
    slots: { enrolled: 8, total: 9 },
    labels: { region: ['eu', 'us'] },
    publications: [],
    ...more,
  } as FleetOverview;
}

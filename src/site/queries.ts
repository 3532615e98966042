import type { Admission } from '../kernel/admission.ts';
import type { Clock } from '../kernel/ports.ts';
import type { ContentStore } from '../model/content.ts';
import type { Neighbours, SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import type { ImageView } from '../wire/api/images.ts';
import type { LinkView } from '../wire/api/link.ts';
import type { SteeredView } from '../wire/api/revision.ts';
import type { Alarms } from './alarms.ts';
import type { SiteQueries } from './api/routes.ts';
import type { RunningSurroundings } from './dhcp/surroundings.ts';
import type { Diary } from './nodes/diary.ts';
import { type StatusContext, viewDetail, viewNodes, viewStatus } from './nodes/policy/views.ts';
import type { Revisions } from './revisions.ts';
import type { Secrets } from './secrets.ts';

/** What the API shows, answered from the site's facts as they are now. */
export function createQueries(parts: {
  readonly siteName: string;
  readonly store: Store;
  readonly revisions: Revisions;
  readonly content: ContentStore;
  readonly diary: Diary;
  readonly clock: Clock;
  readonly metrics: { text(): Promise<string> };
  readonly addresses: () => readonly SiteAddress[];
  readonly notReady: () => readonly string[];
  readonly alarms: Pick<Alarms, 'current'>;
  readonly secrets: Pick<Secrets, 'missing'>;
  readonly admission: Pick<Admission, 'placeOf' | 'counts'>;
  /** undefined: this site makes its own revisions. */
  readonly steering: () => SteeredView | undefined;
  readonly headOffice: () => LinkView | undefined;
  readonly images: () => readonly ImageView[];
  readonly surroundings: Pick<RunningSurroundings, 'view' | 'roleOf'>;
  readonly neighbours: Pick<Neighbours, 'addressesOf'>;
}): SiteQueries {
  const {
    siteName,
    store,
    revisions,
    content,
    diary,
    clock,
    metrics,
    addresses,
    notReady,
    alarms,
    secrets,
    admission,
    steering,
    headOffice,
    images,
    surroundings,
    neighbours,
  } = parts;
  const leasedElsewhere = (): ReadonlySet<string> => {
    const networks = Object.values(revisions.current()?.networks ?? {});
    return new Set(networks.flatMap((one) => (surroundings.roleOf(one) === 'proxy' ? [one.name] : [])));
  };
  const context = (showsCodes = false): StatusContext => ({
    showsCodes,
    ...{ siteName, state: store.state, revision: revisions.current(), now: clock.now() },
    ...{ addresses: addresses(), notReady: notReady(), templateRefused: revisions.refusal() },
    progressOf: (mac) => diary.progressOf(mac),
    placeOf: (mac) => admission.placeOf(mac, clock.monotonic()),
    leasedElsewhere: leasedElsewhere(),
    seenAt: (mac) => neighbours.addressesOf(mac),
    queued: admission.counts(clock.monotonic()).waiting,
    assetState: (digest) => content.stateOf(digest),
    alarms: alarms.current(),
    missingSecrets: secrets.missing(),
    steered: steering(),
    headOffice: headOffice(),
    images: images(),
    dhcp: (network) => {
      const { servers, ...view } = surroundings.view(network);
      return { ...view, otherServers: servers };
    },
  });
  return {
    status: () => viewStatus(context()),
    nodes: (who) => viewNodes(context(who.isTerminal)),
    node: (name, who) => viewDetail(name, context(who.isTerminal)),
    events: async (query) => {
      const events = await store.events(query);
      const acked = headOffice()?.events?.ackedThrough;
      return acked === undefined ? events : events.map((event) => ({ ...event, acked: event.seq <= acked }));
    },
    onEvent: (listener) => store.onEvent(listener),
    notReady,
    metrics: () => metrics.text(),
  };
}

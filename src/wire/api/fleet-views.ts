import type {
  Invite,
  PublicationRules,
  PublicationSiteState,
  PublicationState,
  Push,
  Role,
  SiteRevision,
  SiteSession,
} from '../../model/fleet/hub-rows.ts';
import type { CertificateView } from '../../model/fleet/identity-desk.ts';
import type { ImageEntry } from './images.ts';
import type { AlarmView, NodeState } from './views.ts';

/**
 * What head office's `/api/v1` shows, and what its page and CLI print. Times are milliseconds since 1970 by head office's clock
 * unless it is said otherwise; sentences are for people. Errors are `{ error: { code, message, help } }`, as a site's are.
 */

/** Head office in a few numbers, and who asks. */
export type FleetOverview = {
  readonly hub: string;
  readonly version: string;
  /** Now, by head office's clock: what all else is measured by. */
  readonly at: number;
  readonly you: { readonly name: string; readonly role: Role };
  /** How many sites are in each state. */
  readonly sites: Readonly<Record<FleetSiteState, number>>;
  /** How many sites have not in force what they are to have. */
  readonly behind: number;
  /** How many sites have not all images that they are to have. */
  readonly lackImages: number;
  readonly slots: SlotCount;
  readonly alarms: number;
  /** Labels of the sites: each key with its values, in order; what the filter offers. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Those that are not at their end, the newest first. */
  readonly publications: readonly PublicationView[];
};
export type SlotCount = { readonly enrolled: number; readonly total: number };
export type ImageCount = { readonly complete: number; readonly total: number };

/**
 * `invited`: nobody came yet. `online`: it speaks. `silent`: it was not heard for longer than it may be. `forked`: two boxes say that
 * they are it. `retired`: closed for good.
 */
export const FLEET_SITE_STATES = ['invited', 'online', 'silent', 'forked', 'retired'] as const;
export type FleetSiteState = (typeof FLEET_SITE_STATES)[number];

/** A line of the list of sites, which is by name. */
export type FleetSiteRow = {
  readonly site: string;
  readonly state: FleetSiteState;
  /** When it came into this state. */
  readonly since: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly revision: FleetRevision;
  readonly slots: SlotCount;
  /** Images that it is to have before anybody asks for them; missing: none, or it never said. */
  readonly images?: ImageCount;
  readonly alarms: number;
  readonly version?: string;
  readonly lastHeardAt?: number;
};

/** What a site has in force, and what it is to have. */
export type FleetRevision = {
  /** In force there; 0: none. */
  readonly number: number;
  /** The push it came with. */
  readonly push?: string;
  /** What it is to have; missing: nothing was published to it. */
  readonly wanted?: { readonly number: number; readonly push: string; readonly publication: string };
  /** How far it is with what it is to have. */
  readonly state?: PublicationSiteState;
  readonly since?: number;
  /** Why it has not in force what it is to have: the first thing that is in the way, and what to do if a person can. */
  readonly because?: string;
};

/** One site with all that head office knows of it. */
export type FleetSiteView = FleetSiteRow & {
  /** Now, by head office's clock. */
  readonly at: number;
  readonly createdAt: number;
  /** The boxes that spoke as this site, the one that counts first, then by time, the newest first. */
  readonly sessions: readonly FleetSessionView[];
  /** The newest first. */
  readonly certificates: readonly FleetCertificateView[];
  /** Only those that can still be used, or wait for a person. */
  readonly invites: readonly FleetInviteView[];
  readonly link: FleetLinkView;
  /** Until when the store takes no new revision. */
  readonly freeze?: { readonly until: number; readonly because?: string };
  /** Why the site serves no machines; empty: it does. Missing: it never said. */
  readonly notReady?: readonly string[];
  /** How far the images are that it is to have. */
  readonly imageViews: readonly FleetImageView[];
  /** By name. */
  readonly slotViews: readonly FleetSlotView[];
  /** What head office sees. */
  readonly alarmViews: readonly FleetAlarmView[];
  /** What the site itself says; times are of its clock. */
  readonly siteAlarms: readonly AlarmView[];
};

export type FleetSessionView = Pick<
  SiteSession,
  'session' | 'firstAt' | 'lastAt' | 'remote' | 'serial' | 'hardware' | 'standing' | 'because'
>;
export type FleetCertificateView = Omit<CertificateView, 'site'>;
export type FleetInviteView = Omit<Invite, 'secret' | 'site' | 'used' | 'withdrawnAt'>;

export type FleetLinkView = {
  readonly remote?: string;
  /** Head office's time minus the site's. */
  readonly clockOffsetMs?: number;
  /** How far its events are here; missing: it never reported. */
  readonly events?: { readonly epoch: string; readonly through: number; readonly deadLetters: number };
};

/** An image that a site is to have, as the site said it last. */
export type FleetImageView = Pick<ImageEntry, 'name' | 'image' | 'state' | 'sentence'>;

/** A slot of a site, as the site said it last. Times are of the site's clock. */
export type FleetSlotView = {
  readonly slot: string;
  readonly state: NodeState;
  readonly sentence: string;
  readonly since?: number;
  readonly profile?: string;
  readonly binding?: number;
  readonly machine?: {
    readonly mac?: string;
    readonly uuid?: string;
    readonly manufacturer?: string;
    readonly product?: string;
    readonly serial?: string;
  };
  readonly lastBootAt?: number;
  /** What is on its disk: the order that was confirmed. */
  readonly installed?: { readonly order: string; readonly at: number; readonly profileDigest: string };
};

/** `next` is the `before` of what comes then; missing: that was all. */
export type FleetEvents = { readonly events: readonly FleetEventView[]; readonly next?: number };
export type FleetEventView = {
  /** Counts what head office received. */
  readonly id: number;
  readonly site: string;
  readonly epoch: string;
  readonly seq: number;
  /** One of EVENTS, or `gap`: events up to `through` are lost. */
  readonly type: string;
  /** By the site's clock. */
  readonly at: number;
  readonly receivedAt: number;
  readonly sentence: string;
  readonly slot?: string;
  readonly machine?: string;
  readonly boot?: string;
  readonly through?: number;
  readonly data?: Readonly<Record<string, unknown>>;
};

/** A machine that became a node: each one once, however often it was reported. */
export type EnrolmentView = Pick<
  FleetEventView,
  'id' | 'site' | 'slot' | 'machine' | 'at' | 'receivedAt' | 'sentence' | 'data'
>;

/** `sites` is how many it made revisions for. */
export type PushView = Omit<Push, 'sites'> & { readonly sites: number };
export type RevisionView = SiteRevision & { readonly inForce: boolean; readonly wanted: boolean };

/** What a publication does with a push. */
export const PUBLICATION_ACTS = ['pause', 'resume', 'abort', 'rollback'] as const;
export type PublicationAct = (typeof PUBLICATION_ACTS)[number];
/** `POST publications` starts one and is answered with its PublicationView; role `operate`. */
export type PublishBody = {
  /** Missing: the newest push. */
  readonly push?: string;
  /** Selector of labels, or names with commas; missing: all sites of the push. */
  readonly sites?: string;
  readonly rules?: Partial<PublicationRules>;
};
/** `POST publications/:publication/ACT`, role `operate`, is answered with `{ sentence }`: it is done and on disk. */
export type PublicationActBody = { readonly because?: string };

export type PublicationView = {
  readonly id: string;
  readonly push: string;
  readonly comment: string;
  readonly by: string;
  readonly at: number;
  readonly state: PublicationState;
  readonly since: number;
  readonly because?: string;
  readonly rules: PublicationRules;
  /** Of `soaking`: when all others get it. */
  readonly soakEndsAt?: number;
  /** What a person may do with it now. */
  readonly acts: readonly PublicationAct[];
  readonly counts: PublicationCounts;
};
/** Each site counts once. A site that is silent has not failed: it gets the newest revision when it comes back. */
export type PublicationCounts = {
  readonly sites: number;
  readonly canaries: number;
  readonly confirmed: number;
  /** Reverted or refused. */
  readonly failed: number;
  /** Not heard since before it was to have it. */
  readonly unreachable: number;
  /** Their store is frozen. */
  readonly deferred: number;
  /** Offered, fetched or on trial. */
  readonly underWay: number;
  readonly waiting: number;
  readonly superseded: number;
};
export type PublicationSiteView = {
  readonly site: string;
  readonly number: number;
  readonly isCanary: boolean;
  readonly state: PublicationSiteState;
  readonly isUnreachable: boolean;
  readonly since: number;
  /** Why it is no further: what the site said, or the first rule that blocks. */
  readonly because?: string;
};

export type FleetAlarmView = {
  readonly kind: string;
  readonly subject: string;
  readonly site?: string;
  readonly since: number;
  readonly sentence: string;
  readonly toDo: string;
};

export type AuditPage = { readonly entries: readonly AuditView[]; readonly next?: number };
export type AuditView = {
  readonly id: number;
  readonly at: number;
  readonly who: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly digest: string;
};

/** That views have changed, never what they are now: who shows one asks again. */
export type FleetFeedItem = {
  /** `all`: items were lost, or head office was started anew. */
  readonly view: 'all' | 'sites' | 'publications' | 'pushes' | 'alarms' | 'audit';
  readonly site?: string;
  readonly publication?: string;
};
/** Without an item a comment comes so often, so that a reader knows that the stream lives. */
export const FEED_HEARTBEAT_MS = 15_000;

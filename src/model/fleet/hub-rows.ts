import type { Digest } from '../../kernel/digest.ts';

/** What head office knows of a site. Its key is the name. */
export type FleetSite = {
  readonly name: string;
  readonly createdAt: number;
  /** `invited`: nobody came yet. `retired`: closed; its certificates are refused. */
  readonly state: 'invited' | 'enrolled' | 'retired';
  readonly retired?: { readonly at: number; readonly by: string; readonly because: string };
  /** sha256 of each root that it believed when it said Hello last. */
  readonly roots?: readonly Digest[];
  /** As the newest pushed fleet directory has them; publications choose by them. */
  readonly labels: Readonly<Record<string, string>>;
  /** X25519, base64. */
  readonly sealingKey?: string;
  readonly version?: string;
  readonly capabilities?: readonly string[];
  readonly clockOffsetMs?: number;
  /** Of the revision in force there; 0: none. */
  readonly confirmedNumber: number;
  readonly highestNumber: number;
  readonly lastHeardAt?: number;
  readonly lastRemote?: string;
};

/** The box that speaks for a site. Two with one identity are told apart by the ratchet that each Hello moves on. Key: `SITE/SESSION`. */
export type SiteSession = {
  readonly site: string;
  readonly session: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly remote: string;
  /** What the next Hello must bring, base64. */
  readonly ratchet: string;
  /** What it may bring in place of that, until the box has shown that it has the new one: an answer may be lost. */
  readonly ratchetBefore?: string;
  /** The store's, when it last said Hello: a ratchet of another memory proves nothing. */
  readonly hubEpoch: string;
  /** Serial of the certificate that it came with. */
  readonly serial: string;
  /** Of the last PutState that counted. */
  readonly stateCounter: number;
  /** What it says in a Hello is as old as this. */
  readonly helloAt: number;
  /** Version of the newest key set when it was greeted; 0: there was none. */
  readonly toldKeySet: number;
  readonly hardware: FleetHardware;
  /** It came with a data directory that nothing was ever installed by: what it does not know of, the box before it may have. */
  readonly isFresh?: boolean;
  /** `current`: it speaks for the site. `quarantined`: it came beside one that still speaks. `past`: another came after it. */
  readonly standing: 'current' | 'quarantined' | 'past';
  readonly because?: string;
};
export type FleetHardware = {
  readonly machineId: string;
  readonly manufacturer: string;
  readonly product: string;
  readonly serial: string;
};

/**
 * A one-time code. The secret is kept, because it is proved in both directions, also when the box that used the code did not
 * hear the answer. Key: id.
 */
export type Invite = {
  readonly id: string;
  readonly site: string;
  /** Base64; missing when the time of the code is over, used or not, or when it was withdrawn. */
  readonly secret?: string;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** `grant`: the answer, an EnrollGrant: a blob. */
  readonly used?: { readonly at: number; readonly remote: string; readonly keyDigest: Digest; readonly grant: Digest };
  readonly withdrawnAt?: number;
};

/** A certificate that was issued. Key: `SITE/SERIAL`. */
export type IssuedCertificate = {
  readonly site: string;
  readonly serial: string;
  readonly keyDigest: Digest;
  /** sha256 of the root that issued it. */
  readonly root?: Digest;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly issuedAt: number;
  /** `found`: a box came with it that head office had no row of: its database is older than the certificate. */
  readonly how: 'enroll' | 'renew' | 'recover' | 'found';
  readonly revoked?: { readonly at: number; readonly by: string; readonly because: string };
};

/** Where the events of one numbering of a site stand. Key: `SITE/EPOCH`. */
export type EventCursor = {
  readonly site: string;
  readonly epoch: string;
  /** All up to here are here. */
  readonly through: number;
  readonly startedAt: number;
};

/** An item of a report that cannot be kept as it came. Key: `SITE/EPOCH/SEQ`. */
export type DeadLetter = {
  readonly site: string;
  readonly epoch: string;
  readonly seq: number;
  readonly at: number;
  readonly because: string;
  /** Base64, of its first 16 KiB. */
  readonly bytes: string;
};

/** The newest of what a site says of itself. Key: `SITE/KEY`. */
export type SiteStateEntry = {
  readonly site: string;
  readonly key: string;
  readonly digest: Digest;
  /** Canonical JSON. */
  readonly value: string;
  readonly at: number;
};

/** What one `template push` brought. Key: id (`p17`). */
export type Push = {
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly comment: string;
  readonly template: string;
  readonly commit?: string;
  /** sha256 of the archive of the fleet directory: a blob. */
  readonly sources: Digest;
  readonly keyId: string;
  readonly sites: readonly string[];
};

/** A revision made for one site. Key: `SITE/NUMBER`, the number in ten digits. */
export type SiteRevision = {
  readonly site: string;
  readonly number: number;
  readonly push: string;
  /** `forward`: what was pushed. `back`: the content confirmed before it, signed ahead for a rollback. */
  readonly kind: 'forward' | 'back';
  readonly content: Digest;
  /** Of the sealed secrets that came with it. */
  readonly secrets?: Digest;
  /** Of the release key that signed it. */
  readonly keyId?: string;
  /** sha256 of the bundle: a blob. */
  readonly bundle: Digest;
  readonly sizeBytes: number;
  readonly at: number;
};

/** In `meta`, by `numbers/SITE`: the newest number that was pushed forward, and the highest that was ever given. */
export type SiteNumbers = { readonly newest: number; readonly highest: number };

/** Key of a revision: numbers are in the order of their text. */
export function revisionKey(site: string, number: number): string {
  return `${site}/${String(number).padStart(10, '0')}`;
}

/** How a publication goes out. */
export type PublicationRules = {
  /** Selectors (see selector.ts); a site is in it if one of them fits. Missing: all sites of the push. */
  readonly sites?: readonly string[];
  /** Selectors of those of them that come first; none: all at once. */
  readonly canary: readonly string[];
  readonly soakMs: number;
  /** Halt when so many sites have reverted or refused. */
  readonly haltAfter: number;
  /** Halt when so many of a hundred that tried have reverted or refused, once ten have tried. */
  readonly haltPercent: number;
};
export type PublicationState =
  | 'draft'
  | 'canary'
  | 'soaking'
  | 'all'
  | 'paused'
  | 'halted'
  | 'done'
  | 'aborted'
  | 'rolling-back'
  | 'rolled-back';
/** It is over: nothing of it goes on by itself but what was offered. */
export const PUBLICATION_ENDED: readonly PublicationState[] = ['done', 'aborted', 'rolled-back'];
/** A push on its way to sites. Key: id (`r17`). */
export type Publication = {
  readonly id: string;
  readonly push: string;
  readonly by: string;
  readonly at: number;
  readonly rules: PublicationRules;
  readonly state: PublicationState;
  readonly since: number;
  readonly because?: string;
  /** Where a pause or a halt goes on. */
  readonly resumeTo?: PublicationState;
  /** So many failed sites did a person know of when it was resumed: they do not halt it again. */
  readonly forgiven?: number;
};
export type PublicationSiteState =
  | 'waiting'
  | 'offered'
  | 'fetched'
  | 'trial'
  | 'deferred'
  | 'confirmed'
  | 'reverted'
  | 'refused'
  | 'superseded';
/** Key: `PUBLICATION/SITE`. */
export type PublicationSite = {
  readonly publication: string;
  readonly site: string;
  readonly number: number;
  readonly isCanary: boolean;
  readonly state: PublicationSiteState;
  readonly since: number;
  readonly because?: string;
};

/** What a site is to have. Key: name of the site. */
export type DesiredRevision = {
  readonly site: string;
  readonly number: number;
  readonly bundle: Digest;
  readonly sizeBytes: number;
  readonly publication: string;
  /** It was offered, and is offered no more: it stays so that the site is never offered a lower number. */
  readonly isWithdrawn?: boolean;
};

export type Role = 'read' | 'operate' | 'admin';
/** Of the admin API. Key: id; the token itself is never kept. */
export type AdminToken = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly secretDigest: Digest;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly withdrawnAt?: number;
};

/** Something that a person should do something about. Key: `KIND/SUBJECT`. */
export type FleetAlarm = {
  readonly kind: string;
  readonly subject: string;
  readonly site?: string;
  readonly since: number;
  readonly sentence: string;
  readonly toDo: string;
};

/** One row per noun; keys are as said above. */
export type HubTables = {
  readonly sites: FleetSite;
  readonly sessions: SiteSession;
  readonly invites: Invite;
  readonly certificates: IssuedCertificate;
  readonly cursors: EventCursor;
  readonly deadLetters: DeadLetter;
  readonly states: SiteStateEntry;
  readonly pushes: Push;
  readonly revisions: SiteRevision;
  readonly publications: Publication;
  readonly publicationSites: PublicationSite;
  readonly desired: DesiredRevision;
  readonly tokens: AdminToken;
  readonly alarms: FleetAlarm;
  /** Numbers that are never used twice, and single values such as the newest key set. */
  readonly meta: unknown;
};
export type HubTableName = keyof HubTables;

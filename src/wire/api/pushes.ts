import { canonicalJson } from '../../kernel/canonical-json.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { FleetSite, SiteRevision } from '../../model/fleet/hub-rows.ts';
import { isSigned } from '../link/release-trust.ts';
import type { KeySet, RevisionBundle, SealedSecret, SignedStatement } from '../link/revision-bundle.ts';
import { isSecrets } from '../link/verify-bundle.ts';

/** Below `/api/v1/`, as FLEET_PATHS are. A push is begun with the bytes of a PushBody, and is looked after by its job. */
export const PUSH_PATHS = {
  /** GET, role `read`: PushSites */
  sites: 'push/sites',
  /** GET, role `read`: the RevisionBundle of a revision of a site */
  bundle: 'push/sites/:site/revisions/:number',
  /** POST, role `operate`, application/octet-stream: PushJob */
  begin: 'push',
  /** GET, role `read`: PushJob */
  job: 'push/jobs/:job',
} as const;
export const MOST_PUSH_BYTES = 64 * 1024 * 1024;

/** What a plan or a push must know of the sites. */
export type PushSites = {
  /** The newest set of release keys; missing: the hub was given none. */
  readonly keys?: KeySet;
  readonly sites: readonly PushSite[];
};
export type PushSite = {
  readonly site: string;
  readonly state: FleetSite['state'];
  readonly labels: FleetSite['labels'];
  readonly sealingKey?: string;
  /** What the site can read; missing: it never said Hello. */
  readonly capabilities?: readonly string[];
  /** The next push signs what is new with this one, and the way back with the one behind it. */
  readonly nextNumber: number;
  /** What is confirmed there; missing: nothing that came from here. */
  readonly inForce?: RevisionRef;
  /** What was pushed forward last. */
  readonly newest?: RevisionRef;
};
export type RevisionRef = Pick<SiteRevision, 'number' | 'push' | 'kind' | 'content' | 'secrets' | 'keyId'>;

/** All of a push but the content, which head office renders itself from the sources. */
export type PushBody = {
  readonly format: 'slipway-push/v1';
  readonly comment: string;
  readonly commit?: string;
  /** A FleetArchive in canonical JSON. */
  readonly sources: string;
  /** The sets of release keys from the first on; head office follows them. */
  readonly keySets: readonly SignedStatement[];
  /** Empty: only a newer key set is brought. */
  readonly sites: readonly PushedSite[];
};
export type PushedSite = {
  readonly site: string;
  readonly forward: PushedRevision;
  /** With the content that is confirmed there now. */
  readonly back?: PushedRevision;
};
/** A bundle without its content. */
export type PushedRevision = SignedStatement & { readonly secrets: Readonly<Record<string, SealedSecret>> };

/** The files of a fleet directory that its revisions were made from, by their paths. */
export type FleetArchive = {
  readonly format: 'slipway-fleet/v1';
  readonly files: Readonly<Record<string, string>>;
};

/** `done` counts sites that were rendered and compared. */
export type PushJob = {
  readonly job: string;
  readonly state: 'running' | 'done' | 'refused';
  readonly done: number;
  readonly of: number;
  /** Of `done`; missing: there was only a key set. */
  readonly push?: string;
  /** Of `refused`. */
  readonly because?: string;
};

/** What the admin API asks of whoever keeps revisions. */
export interface PushDesk {
  sites(): Promise<PushSites>;
  /** Rejects with `not-found`. */
  bundle(site: string, number: number): Promise<RevisionBundle>;
  /** Takes the same bytes once. Rejects with `usage-invalid`, or `command-refused` while another push is taken in. */
  begin(bytes: Uint8Array, by: string): Promise<PushJob>;
  /** Throws `not-found`: after a restart, nothing is left of a push that was not done. */
  job(id: string): PushJob;
}

export function formatArchive(files: FleetArchive['files']): string {
  return canonicalJson({ format: 'slipway-fleet/v1', files } satisfies FleetArchive);
}

/** Reads an archive. The paths of its files are looked up in it and nowhere else. */
export function parseArchive(text: string): Result<FleetArchive, string> {
  const value = parse(text) as Partial<FleetArchive> | undefined;
  if (value?.format !== 'slipway-fleet/v1' || typeof value.files !== 'object' || value.files === null)
    return err('the sources are not the archive of a fleet directory');
  const isText = Object.values(value.files).every((one: unknown) => typeof one === 'string');
  return isText ? ok(value as FleetArchive) : err('the sources have something else than files of text');
}

/** Reads the bytes of a push; what is wrong is a sentence. */
export function parsePush(text: string): Result<PushBody, string> {
  const value = parse(text) as Partial<PushBody> | undefined;
  const isOne =
    value?.format === 'slipway-push/v1' &&
    typeof value.comment === 'string' &&
    value.comment.length <= 1_000 &&
    typeof value.sources === 'string' &&
    (value.commit === undefined || typeof value.commit === 'string') &&
    Array.isArray(value.keySets) &&
    value.keySets.every(isSigned) &&
    Array.isArray(value.sites) &&
    value.sites.every(isPushedSite);
  if (!isOne) return err('this is not a push, or one of another version of Slipway');
  const names = value.sites?.map(({ site }) => site) ?? [];
  if (names.length === 0 && value.keySets?.length === 0) return err('a push has at least one site, or a key set');
  return new Set(names).size === names.length ? ok(value as PushBody) : err('a site is in this push twice');
}

function isPushedSite(value: Partial<PushedSite> | null): boolean {
  const { site, forward, back } = value ?? {};
  return typeof site === 'string' && isPushedRevision(forward) && (back === undefined || isPushedRevision(back));
}

function isPushedRevision(value: unknown): boolean {
  return isSigned(value) && isSecrets(Reflect.get(value, 'secrets'));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

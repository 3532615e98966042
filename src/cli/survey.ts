import type { HubClient } from '../adapters/http/hub-client.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import { seal } from '../adapters/node/sealing.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { Digest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import { parseSelector, selects } from '../model/fleet/selector.ts';
import { secretsOf } from '../model/holes.ts';
import type { Revision } from '../model/revision.ts';
import { type Fleet, siteNames } from '../template/fleet.ts';
import { renderFleet } from '../template/fleet-lint.ts';
import { PUSH_PATHS, type PushSite, type PushSites, type RevisionRef } from '../wire/api/pushes.ts';
import { BUNDLE_NEEDS, type KeySet, type RevisionBundle, type SealedSecret } from '../wire/link/revision-bundle.ts';
import { problemsError } from './fleet-dir.ts';
import { inParallel } from './in-parallel.ts';
import type { SecretValues } from './secrets-file.ts';

/** What secrets are sealed with; without it only those are taken that were pushed before. */
export type Sealer = { readonly values: SecretValues; readonly seed: Uint8Array };
export type SealedSecrets = Readonly<Record<string, SealedSecret>>;

/** A site whose revision is another than what is in force or pushed there. */
export type Candidate = {
  readonly site: string;
  readonly known: PushSite;
  readonly revision: Revision;
  readonly secrets: SealedSecrets;
  readonly secretsDigest: Digest;
  /** Secrets that its documents ask for, and that no push has a value for. */
  readonly unset: readonly string[];
  /** The newest push has it already, by a key that still counts; it is not in force. */
  readonly isPushed: boolean;
};
export type Survey = {
  readonly hub: PushSites;
  readonly candidates: readonly Candidate[];
  readonly unchanged: readonly string[];
  readonly cannot: readonly { readonly site: string; readonly because: string }[];
};

const AT_ONCE = 8;

/** Renders the chosen sites and finds out which of them change. @throws AppError `template-invalid`, `usage-invalid`, or head office's own */
export async function survey(
  fleet: Fleet,
  options: {
    readonly dir: string;
    readonly sites?: string;
    readonly sealer?: Sealer;
    /** The set that the push brings with it. */
    readonly keys?: KeySet;
    readonly client: HubClient;
  },
): Promise<Survey> {
  const chosen = chooseSites(fleet, options.sites);
  const { revisions, problems } = renderFleet(fleet, { sha256: sha256OfText, sites: chosen });
  if (problems.length > 0) throw problemsError(options.dir, problems);
  if (options.sealer) assertWanted(options.sealer.values, revisions.values());
  const hub = await options.client.get<PushSites>(PUSH_PATHS.sites);
  const keys = newerKeys(options.keys, hub.keys);
  const known = new Map(hub.sites.map((site) => [site.site, site]));
  const found = { candidates: [] as Candidate[], unchanged: [] as string[], cannot: [] as Survey['cannot'][number][] };
  await inParallel([...revisions], AT_ONCE, async ([site, revision]) => {
    const one = known.get(site);
    const because = whyNot(one, revision, options.sealer);
    if (because !== undefined || !one) {
      found.cannot.push({ site, because: because ?? '' });
      return;
    }
    const candidate = await candidateOf(one, revision, keys, options);
    if (isInForce(candidate)) found.unchanged.push(site);
    else found.candidates.push(candidate);
  });
  const bySite = <T extends { readonly site: string }>(list: readonly T[]) =>
    [...list].sort((a, b) => (a.site < b.site ? -1 : 1));
  return { hub, candidates: bySite(found.candidates), unchanged: found.unchanged.sort(), cannot: bySite(found.cannot) };
}

/** The newer of two sets: what counts when both are believed. */
export function newerKeys(a: KeySet | undefined, b: KeySet | undefined): KeySet | undefined {
  return (a?.version ?? 0) > (b?.version ?? 0) ? a : b;
}

/** The bundle of a revision of a site. */
export function fetchBundle(client: HubClient, site: string, number: number): Promise<RevisionBundle> {
  return client.get(PUSH_PATHS.bundle.replace(':site', encodeURIComponent(site)).replace(':number', String(number)));
}

export function digestOf(secrets: SealedSecrets): Digest {
  return sha256OfText(canonicalJson(secrets));
}

const NO_SECRETS = digestOf({});

/** Whether a revision came with secrets. */
export function hasSecrets(ref: RevisionRef | undefined): ref is RevisionRef {
  return ref?.secrets !== undefined && ref.secrets !== NO_SECRETS;
}

function chooseSites(fleet: Fleet, text: string | undefined): readonly string[] {
  if (text === undefined) return siteNames(fleet);
  const selector = parseSelector(text);
  if (!selector.ok) throw new AppError('usage-invalid', selector.error);
  const { sites } = fleet.document;
  const missing = 'names' in selector.value && selector.value.names.find((name) => !Object.hasOwn(sites, name));
  if (missing) throw new AppError('usage-invalid', `fleet.yaml has no site "${missing}"`);
  const chosen = siteNames(fleet).filter((name) =>
    selects(selector.value, { name, labels: sites[name]?.labels ?? {} }),
  );
  if (chosen.length === 0) throw new AppError('usage-invalid', `no site of fleet.yaml fits --sites ${text}`);
  return chosen;
}

function assertWanted({ names }: SecretValues, revisions: Iterable<Revision>): void {
  const wanted = new Set([...revisions].flatMap(wantedSecrets));
  const unknown = names.find((name) => !wanted.has(name));
  if (unknown !== undefined)
    throw new AppError('usage-invalid', `no document asks for the secret "${unknown}" of the secrets file`);
}

function whyNot(known: PushSite | undefined, revision: Revision, sealer: Sealer | undefined): string | undefined {
  if (!known) return 'head office does not know it: `slipway hub invite SITE` comes first';
  const missing = known.capabilities && !known.capabilities.includes(BUNDLE_NEEDS.revision);
  if (missing) return `its Slipway cannot read ${BUNDLE_NEEDS.revision}: update it first`;
  const given = wantedSecrets(revision).some((name) => sealer?.values.valueOf(known.site, name) !== undefined);
  return given && known.sealingKey === undefined ? 'it has not joined yet, so nothing can be sealed for it' : undefined;
}

async function candidateOf(
  known: PushSite,
  revision: Revision,
  keys: KeySet | undefined,
  { sealer, client }: { readonly sealer?: Sealer; readonly client: HubClient },
): Promise<Candidate> {
  const wanted = wantedSecrets(revision);
  const given = sealGiven(known, wanted, sealer);
  const last = known.newest ?? known.inForce;
  const others = wanted.filter((name) => !Object.hasOwn(given, name));
  const before =
    others.length > 0 && hasSecrets(last) ? (await fetchBundle(client, known.site, last.number)).secrets : {};
  const carried = Object.fromEntries(
    others.flatMap((name) =>
      before[name]?.recipient === known.sealingKey && before[name] ? [[name, before[name]]] : [],
    ),
  );
  const secrets = { ...carried, ...given };
  const { newest } = known;
  const candidate = { site: known.site, known, revision, secrets, secretsDigest: digestOf(secrets), isPushed: false };
  const mayStillSign = keys?.keys.some(({ id }) => id === newest?.keyId) === true;
  return {
    ...candidate,
    unset: wanted.filter((name) => !Object.hasOwn(secrets, name)),
    isPushed: mayStillSign && isSame(candidate, newest),
  };
}

function sealGiven(
  { site, sealingKey }: PushSite,
  wanted: readonly string[],
  sealer: Sealer | undefined,
): SealedSecrets {
  if (!sealer || sealingKey === undefined) return {};
  const entries = wanted.flatMap((name) => {
    const value = sealer.values.valueOf(site, name);
    return value === undefined
      ? []
      : [[name, seal(value, { site, name, recipient: sealingKey }, sealer.seed)] as const];
  });
  return Object.fromEntries(entries);
}

function wantedSecrets({ slots }: Revision): readonly string[] {
  return [...new Set(Object.values(slots).flatMap(({ profile }) => secretsOf(profile.documents)))].sort();
}

/** In force, and nothing else was pushed since that could still come. */
function isInForce(candidate: Omit<Candidate, 'unset'>): boolean {
  const { inForce, newest } = candidate.known;
  return isSame(candidate, inForce) && (inForce?.number ?? 0) >= (newest?.number ?? 0);
}

function isSame(
  { revision, secretsDigest }: Pick<Candidate, 'revision' | 'secretsDigest'>,
  ref: RevisionRef | undefined,
): boolean {
  return ref?.content === revision.digest && (ref.secrets ?? NO_SECRETS) === secretsDigest;
}

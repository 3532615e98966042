import { sha256OfText } from '../adapters/node/hash.ts';
import { releaseKeyId, verifyRelease } from '../adapters/node/release-keys.ts';
import { open, type SealingKeys } from '../adapters/node/sealing.ts';
import { AppError } from '../kernel/errors.ts';
import { Memo } from '../kernel/memo.ts';
import type { Log, Random } from '../kernel/ports.ts';
import { err, ok } from '../kernel/result.ts';
import type { ContentStore } from '../model/content.ts';
import type { Revision } from '../model/revision.ts';
import type { LoaderTable, SiteAddress } from '../model/site-ports.ts';
import {
  BUNDLE_NEEDS,
  type KeySet,
  type RevisionBundle,
  type RevisionStatement,
} from '../wire/link/revision-bundle.ts';
import { type RevisionContent, verifyBundle } from '../wire/link/verify-bundle.ts';
import { findUnanswerable } from './find-unserved.ts';
import type { Freeze, Opened, RevisionSeat } from './link/down/ports.ts';
import { findWhyUnanswerable, type ProbeWorld, whyLacking, whyUnanswerable } from './probe-revision.ts';
import type { RevisionKeeper } from './revision-keeper.ts';
import { createTurns } from './turns.ts';

/** Whom this site believes, and what opens its secrets; each undefined before it has joined. */
export type SiteTrust = { readonly keys: () => KeySet | undefined; readonly sealing: () => SealingKeys | undefined };

export type SeatDeps = {
  readonly siteName: string;
  readonly trust: SiteTrust;
  readonly keeper: RevisionKeeper;
  readonly content: ContentStore;
  readonly loaders: LoaderTable;
  /** Why this machine cannot run a revision; undefined if it can. */
  readonly refuse: (revision: Revision) => AppError | undefined;
  /** Where the site would stand under a revision. */
  readonly addressesOf: (revision: Revision) => readonly SiteAddress[];
  /** Where it stands now; asked often. */
  readonly servingAt: () => readonly SiteAddress[];
  /** Whether a secret of this name is given at this site, which counts more than one that was sent. */
  readonly isGivenHere: (name: string) => boolean;
  /** The secrets of the revision that has just come into force. */
  readonly onSecrets: (values: ReadonlyMap<string, string>) => Promise<void>;
  /** Another revision is in force. */
  readonly onForce: () => Promise<void>;
  /** Why its sockets do not serve; undefined: they do, or the site is only starting. */
  readonly notServing: () => string | undefined;
  readonly freeze: () => Freeze | undefined;
  readonly random: Random;
  readonly log: Log;
};

/** What head office's names for what it can send mean here. */
export const SITE_CAPABILITIES: readonly string[] = Object.values(BUNDLE_NEEDS);
const OWNER = 'wanted-revision';
const CRYPTO = { sha256: sha256OfText, verify: verifyRelease, keyId: releaseKeyId };

/** Where a revision from head office takes its place in the site. */
export function createRevisionSeat(deps: SeatDeps): RevisionSeat {
  const { siteName, trust, keeper, content, loaders, log } = deps;
  const worldAt = (addresses: readonly SiteAddress[]): ProbeWorld => ({
    ...{ siteName, loaders, addresses },
    assetState: (digest) => content.stateOf(digest),
  });
  const follow = async (opened: Opened | undefined): Promise<void> => {
    await deps.onSecrets(opened ? openAll(opened, siteName, trust.sealing()).values : new Map());
    await deps.onForce();
  };

  // A trial asks every few seconds, and neither the revision nor its places change meanwhile.
  const probed = new Memo<{ readonly because: string | undefined }>(4);
  const keyOf = ({ digest }: Revision, addresses: readonly SiteAddress[]): string =>
    JSON.stringify([digest, addresses]);
  const whyNotAnswered = async (revision: Revision): Promise<string | undefined> => {
    const addresses = deps.addressesOf(revision);
    const because = await findWhyUnanswerable(revision, worldAt(addresses), createTurns());
    probed.set(keyOf(revision, addresses), { because });
    return (
      because ?? (await findUnanswerable(revision, { siteName, addresses, content, loaders, random: deps.random }))[0]
    );
  };
  const whyNotServed = (revision: Revision): string | undefined => {
    const addresses = deps.servingAt();
    const world = worldAt(addresses);
    const key = keyOf(revision, addresses);
    const known = probed.get(key) ?? { because: whyUnanswerable(revision, world) };
    probed.set(key, known);
    return whyLacking(revision, world) ?? known.because;
  };

  return {
    prove: (text, above) => {
      const keys = trust.keys();
      if (!keys) return err({ message: 'this site has no release keys yet: it has not joined', isByKey: true });
      const bundle = verifyBundle(text, { site: siteName, keys, capabilities: SITE_CAPABILITIES, above }, CRYPTO);
      if (bundle.ok) return ok({ revision: bundle.value.revision, secrets: bundle.value.secrets });
      const { reason, message } = bundle.error;
      return err({ message, ...(KEY_REASONS.includes(reason) ? { isByKey: true as const } : {}) });
    },
    open: openKnown,
    refusal: (revision) => deps.refuse(revision)?.message,
    fault: (opened) => {
      const refusal = deps.refuse(opened.revision);
      if (refusal) return refusal.message;
      const { faults } = openAll(opened, siteName, trust.sealing());
      const fault = faults.find(({ name }) => !deps.isGivenHere(name));
      return fault?.because ?? whyNotAnswered(opened.revision);
    },
    lack: ({ revision }) => whyLacking(revision, worldAt([])),
    prepare: async (revision) => {
      const assets = revision?.assets ?? [];
      await content.pin(
        OWNER,
        assets.map(({ digest }) => digest),
      );
      // The content store keeps trying what is pinned, and says itself what goes wrong.
      for (const asset of assets) content.ensure(asset).catch(() => undefined);
    },
    enter: async (opened, options) => {
      await keeper.enter(opened.revision, options);
      await follow(opened);
    },
    take: (opened) => {
      keeper.take(opened?.revision);
      follow(opened)
        .then(() => keeper.settle())
        .catch((error: unknown) =>
          log.warn({ reason: AppError.from(error).message }, 'not all that is not needed is gone'),
        );
    },
    current: () => keeper.current(),
    problems: () => {
      const current = keeper.current();
      const problem = deps.notServing() ?? (current && whyNotServed(current));
      return problem === undefined ? [] : [problem];
    },
    freeze: deps.freeze,
  };
}

const KEY_REASONS: readonly string[] = ['unknown-key', 'retired-key'];

/** Who proved it once does not ask for its key again: a revision in force outlives the key that signed it. */
function openKnown(text: string): Opened | undefined {
  try {
    const { statement, content, secrets } = JSON.parse(text) as RevisionBundle;
    const { number, content: digest } = JSON.parse(statement) as RevisionStatement;
    return { revision: { ...(JSON.parse(content) as RevisionContent), number, digest }, secrets };
  } catch {
    return undefined;
  }
}

type Unsealed = {
  readonly values: ReadonlyMap<string, string>;
  readonly faults: readonly { readonly name: string; readonly because: string }[];
};

function openAll({ secrets }: Opened, site: string, keys: SealingKeys | undefined): Unsealed {
  const values = new Map<string, string>();
  const faults: { name: string; because: string }[] = [];
  for (const [name, sealed] of Object.entries(secrets)) {
    const value = keys
      ? open(sealed, { site, name }, keys)
      : err(`secret ${name} cannot be opened: the key of this site is gone`);
    if (value.ok) values.set(name, value.value);
    else faults.push({ name, because: value.error });
  }
  return { values, faults };
}

import { AppError } from '../kernel/errors.ts';
import type { Clock, Random } from '../kernel/ports.ts';
import type { LoaderTable } from '../model/site-ports.ts';
import { compileInThread } from './compile-in-thread.ts';
import { isStandalone, type SiteConfig } from './config.ts';
import { findUnanswerable } from './find-unserved.ts';
import type { Freezer } from './freeze.ts';
import type { RunningDown } from './link/down/ports.ts';
import { refuseRevision, siteAddresses } from './networks.ts';
import type { Presence } from './presence.ts';
import type { KeeperDeps } from './revision-keeper.ts';
import type { SiteTrust } from './revision-seat.ts';
import { type Revisions, startRevisions } from './revisions.ts';
import type { Secrets } from './secrets.ts';
import { startSteeredRevisions } from './steered-revisions.ts';

export type SiteRevisionDeps = Omit<KeeperDeps, 'refuse' | 'dataDir'> & {
  readonly config: SiteConfig;
  readonly presence: Presence;
  readonly trust: SiteTrust;
  readonly loaders: LoaderTable;
  readonly secrets: Secrets;
  readonly freezer: Freezer;
  /** The secrets of the revision that has just come into force. */
  readonly onSealed: (values: ReadonlyMap<string, string>) => void;
  readonly clock: Clock;
  readonly random: Random;
};

/** Where revisions come from, as the site file says. `down`: only of a site that head office steers. */
export async function startSiteRevisions(
  deps: SiteRevisionDeps,
): Promise<{ readonly revisions: Revisions; readonly down?: RunningDown }> {
  const { config, presence, clock } = deps;
  const { interfaces, ports } = config;
  const keeping = { ...deps, dataDir: config.dataDir };
  if (isStandalone(config))
    return {
      revisions: await startRevisions({
        ...keeping,
        compile: (number) => compileInThread(config, number, clock),
        refuse: (revision) =>
          refuseRevision(revision, interfaces, presence.isServing() ? presence.addresses() : undefined),
        fault: async (revision) => {
          const addresses = siteAddresses(revision, interfaces, ports);
          const world = {
            siteName: config.site,
            addresses,
            content: deps.content,
            loaders: deps.loaders,
            random: deps.random,
          };
          return (await findUnanswerable(revision, world))[0];
        },
      }),
    };
  const { hub } = config;
  if (!hub) throw new AppError('config-invalid', 'the site file has neither `template` nor `hub`');
  const { secrets, freezer, onSealed } = deps;
  const revisions = await startSteeredRevisions({
    ...keeping,
    ...{ hub, siteName: config.site, freeze: freezer.now },
    // Other addresses are no reason: the site then begins anew.
    refuse: (revision) => refuseRevision(revision, interfaces, undefined),
    addressesOf: (revision) => siteAddresses(revision, interfaces, ports),
    servingAt: () => presence.addresses(),
    isGivenHere: (name) => secrets.isGivenHere(name),
    onSecrets: (values) => {
      onSealed(values);
      return secrets.readAll();
    },
    onForce: () => presence.follow(),
    notServing: () => presence.problem(),
    hasServed: () => presence.hasServed(),
  });
  return { revisions, down: revisions.down };
}

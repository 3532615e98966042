import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { createLinkClient } from '../adapters/link/link-client.ts';
import { systemClock } from '../adapters/node/clock.ts';
import { enrolmentCrypto } from '../adapters/node/enrolment-crypto.ts';
import { readText } from '../adapters/node/files.ts';
import { readHardware } from '../adapters/node/hardware.ts';
import { sha256OfBytes, sha256OfText } from '../adapters/node/hash.ts';
import { packageFile } from '../adapters/node/package-file.ts';
import { openPrivateFiles } from '../adapters/node/private-files.ts';
import { releaseKeyId, verifyRelease } from '../adapters/node/release-keys.ts';
import { createSealingKeys } from '../adapters/node/sealing.ts';
import { setClock as setMachineClock } from '../adapters/node/set-clock.ts';
import { openTimeKeeper } from '../adapters/node/time-keeper.ts';
import { x509 } from '../adapters/node/x509.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log, Random } from '../kernel/ports.ts';
import type { TimeKeeper } from '../kernel/time-keeper.ts';
import type { FleetHardware } from '../model/fleet/hub-rows.ts';
import type { Store } from '../model/store.ts';
import type { LinkView } from '../wire/api/link.ts';
import { BUNDLE_NEEDS } from '../wire/link/revision-bundle.ts';
import type { HubSettings, SiteConfig } from './config.ts';
import type { RunningDown } from './link/down/ports.ts';
import { watchExpiry } from './link/identity/expiry-watch.ts';
import { SiteIdentity } from './link/identity/identity.ts';
import type { IdentityStanding } from './link/identity/standing.ts';
import { type Link, startLink } from './link/link.ts';
import { createUpLanes, type UpLanes } from './link/up/up-lanes.ts';
import type { SiteTrust } from './revision-seat.ts';

export type HeadOfficeParts = {
  readonly config: SiteConfig;
  readonly store: Store;
  readonly time: TimeKeeper;
  readonly random: Random;
  readonly log: Log;
  readonly env: NodeJS.ProcessEnv;
  /** The first try comes within so long; undefined: as the loop has it. */
  readonly bootDelayMs: number | undefined;
};

/** What the link works with, once the site is made. */
export type LinkedParts = {
  readonly down: RunningDown;
  /** All that the site says of itself now, by key. */
  readonly entries: () => ReadonlyMap<string, unknown>;
};

/** Of a site without head office. */
export const NO_TRUST: SiteTrust = { keys: () => undefined, sealing: () => undefined };

/** Head office, as a site has it. */
export interface HeadOffice {
  readonly identity: SiteIdentity;
  /** Whose revisions count, and what opens their secrets. */
  readonly trust: SiteTrust;
  /** undefined: the link has not begun. */
  view(): LinkView | undefined;
  /** Keeps a code that somebody typed; the link uses it at once. A sentence, or rejects with an AppError. */
  join(code: string): Promise<string>;
  /** Begins the link, which goes on trying until `stop`. */
  start(parts: LinkedParts): Promise<void>;
  stop(): Promise<void>;
}

/** A machine that runs for longer was not switched on with all others: its site alone was started anew. */
const POWER_CAME_BACK_S = 600;
const RESTART_DELAY_MS = 5_000;

/**
 * Who this box is to head office, as its disk has it; a code in the site file is taken up. undefined: the site makes its own
 * revisions, and has no head office. Rejects with an AppError.
 */
export async function openHeadOffice(parts: HeadOfficeParts): Promise<HeadOffice | undefined> {
  const { hub } = parts.config;
  if (!hub) return undefined;
  const hardware = await readHardware();
  const inspectionCa = await readInspectionCa(hub.inspectionCa);
  const identity = await openIdentity(parts, hub, hardware);
  const { store, time, log } = parts;
  const watch = () =>
    watchExpiry({
      ...{ validity: () => identity.validity(), events: store, clock: time, log },
      tell: (event) => store.commit([], [event]),
    });
  let running: { readonly link: Link; readonly up: UpLanes; readonly unhook: readonly (() => void)[] } | undefined;
  return {
    identity,
    trust: { keys: () => identity.keySet(), sealing: () => identity.sealing() },
    view: () => running && { ...withCode(running.link.view(), identity.standing()), events: running.up.outbox() },
    join: async (code) => {
      await identity.join(code);
      return `The code is kept. This box joins as soon as it reaches head office at ${hub.url}; slipway status says how it goes.`;
    },
    start: async ({ down, entries }) => {
      const { random, env, bootDelayMs } = parts;
      const session = Buffer.from(random.bytes(12)).toString('hex');
      const up = await createUpLanes({ ...parts, clock: time, session, entries });
      const way = { url: hub.url, inspectionCa, time, random, env };
      const link = startLink({
        ...{ identity, up, down, session, time, random, log },
        bootDelayMs: bootDelayMs ?? (uptime() < POWER_CAME_BACK_S ? undefined : RESTART_DELAY_MS),
        client: createLinkClient({ ...way, identity: () => identity.current(), roots: () => identity.roots() }),
        stranger: createLinkClient({ ...way, identity: () => undefined, roots: () => [] }),
        about: () => ({
          ...{ version: packageVersion(), capabilities: Object.values(BUNDLE_NEEDS), hardware },
          sealingKey: Buffer.from(identity.sealing()?.publicKey ?? '', 'base64'),
          keySetVersion: identity.keySet()?.version ?? 0,
          roots: identity.roots().map((der) => Buffer.from(sha256OfBytes(der), 'hex')),
        }),
      });
      running = {
        link,
        up,
        unhook: [down.onChange(() => up.stateChanged()), onKeys(identity, () => down.onKeys()), watch()],
      };
    },
    stop: async () => {
      for (const unhook of running?.unhook ?? []) unhook();
      await running?.link.stop();
      running?.up.stop();
    },
  };
}

/** What is wrong with a code is what a person who is to type one wants to know. */
function withCode(view: LinkView, standing: IdentityStanding): LinkView {
  if (view.state !== 'online' && standing.state === 'joining' && standing.because !== undefined)
    return {
      ...{ state: 'unreachable', since: view.since, because: standing.because },
      sentence: `The code was refused: ${standing.because}. It is kept and tried again; \`slipway join CODE\` puts another one in its place.`,
    };
  if (view.state !== 'needs-code' || standing.state !== 'needs-code' || standing.because === undefined) return view;
  return { ...view, because: standing.because, sentence: `${view.sentence} (${standing.because})` };
}

async function openIdentity(
  { config, store, time, random, log }: HeadOfficeParts,
  hub: HubSettings,
  hardware: FleetHardware,
): Promise<SiteIdentity> {
  const identity = await SiteIdentity.open({
    ...{ site: config.site, x509, crypto: enrolmentCrypto, hardware, version: packageVersion() },
    releaseCrypto: { sha256: sha256OfText, verify: verifyRelease, keyId: releaseKeyId },
    files: await openPrivateFiles(join(config.dataDir, 'link')),
    ...{ createSealingKeys, random, clock: time, log },
    tell: (event) => store.commit([], [event]),
  });
  if (hub.code !== undefined) await identity.joinByFile(hub.code);
  return identity;
}

/** Calls `run` when head office's release keys are others than before. */
function onKeys(identity: SiteIdentity, run: () => void): () => void {
  let known = identity.keySet()?.version;
  return identity.onChange(() => {
    const version = identity.keySet()?.version;
    if (version === known) return;
    known = version;
    run();
  });
}

/**
 * The time that a site's decisions use: by what head office signed, where there is one. `stop` writes it down. The clock of the machine is
 * set as well if the site file wants it. Without a head office it is the machine's, and one that was never set shows as such.
 */
export async function openSiteTime(
  { hub, dataDir }: Pick<SiteConfig, 'hub' | 'dataDir'>,
  log: Log,
  setClock: typeof setMachineClock = setMachineClock,
): Promise<TimeKeeper & { stop(): Promise<void> }> {
  if (!hub)
    return { ...systemClock, quality: 'machine', offsetMs: 0, learn: () => undefined, stop: () => Promise.resolve() };
  const set = async (): Promise<void> => {
    const because = await setClock(time.now());
    if (because === undefined) log.info({}, 'the clock of this machine was set by head office');
    else log.warn({ because }, 'the clock of this machine could not be set');
  };
  const onOffset = hub.setClock ? () => void set() : undefined;
  const time = await openTimeKeeper({ path: join(dataDir, 'time'), log, ...(onOffset && { onOffset }) });
  return time;
}

async function readInspectionCa(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readText(path);
  if (text === undefined) throw new AppError('config-invalid', `${path}, named in hub.inspectionCa, is not there`);
  return text;
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version;
}

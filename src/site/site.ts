import { join } from 'node:path';
import { createHttpServer } from '../adapters/http/server.ts';
import { createArp } from '../adapters/node/arp.ts';
import { answersTime } from '../adapters/node/ask-time.ts';
import { makePrivateDir, removeUnfinished } from '../adapters/node/files.ts';
import { systemRandom } from '../adapters/node/random.ts';
import { createSecretFiles } from '../adapters/node/secret-files.ts';
import { openSecretStore } from '../adapters/node/secret-store.ts';
import { passedSockets } from '../adapters/node/systemd-sockets.ts';
import { openTokenMint } from '../adapters/node/token-mint.ts';
import { createUdpPort } from '../adapters/node/udp.ts';
import { openStore } from '../adapters/store/sqlite-store.ts';
import { ADMISSION_RULES, Admission } from '../kernel/admission.ts';
import type { AppError } from '../kernel/errors.ts';
import { limitLog } from '../kernel/limited-log.ts';
import type { Cancel, Log } from '../kernel/ports.ts';
import type { Redactor } from '../kernel/redactor.ts';
import { type Undo, unwind } from '../kernel/undo.ts';
import { within } from '../kernel/within.ts';
import { ownAddresses, type SiteAddress } from '../model/site-ports.ts';
import { startAlarms } from './alarms.ts';
import { bootRoutes, createBootDesk } from './boot/routes.ts';
import type { SiteConfig } from './config.ts';
import { createLoaders } from './content/loaders.ts';
import { assetRoutes } from './content/routes.ts';
import { createDhcpServer } from './dhcp/server.ts';
import { createFreezer } from './freeze.ts';
import { dhcpSockets } from './handed-sockets.ts';
import { NO_TRUST, openHeadOffice, openSiteTime } from './hub-link.ts';
import { openImageMirror } from './image-mirror.ts';
import { loadersOf } from './loader-manifest-file.ts';
import { lookAround } from './look-around.ts';
import { metadataRoutes } from './metadata/routes.ts';
import { createMetrics } from './metrics.ts';
import { createNeighbourhood } from './neighbourhood.ts';
import { createDiary } from './nodes/diary.ts';
import { nodesRoutes } from './nodes/routes.ts';
import { startTicker } from './nodes/ticker.ts';
import { openContent } from './open-content.ts';
import { listenHttp, openControlSocket, openSockets } from './open-sockets.ts';
import { withOrderLog } from './order-log.ts';
import { peopleRoutes } from './people.ts';
import { checkClock } from './preflight/checks.ts';
import { createPresence } from './presence.ts';
import { prolongLeases } from './prolong-leases.ts';
import { createQueries } from './queries.ts';
import { redactSignals } from './redacted-signals.ts';
import { startRetention } from './retention.ts';
import { createRevisionDesk } from './revision-desk.ts';
import type { Revisions } from './revisions.ts';
import { openSecrets } from './secrets.ts';
import { createReceivers } from './signals/receivers.ts';
import { siteEntries } from './site-entries.ts';
import { startSiteRevisions } from './site-revisions.ts';
import { createSiteTftp } from './site-tftp.ts';
import { withSpareFile } from './spare-file.ts';
import { teeSignals } from './tee-signals.ts';
import { tellStop } from './tell-stop.ts';
import { tellUnserved } from './tell-unserved.ts';
import { startTimeWatch, type TimeWatch } from './time-watch.ts';
import { createTransferSignals } from './transfers-to-signals.ts';
import { openWanLine } from './wan-line.ts';

export type SiteOptions = {
  readonly config: SiteConfig;
  readonly log: Log;
  /** The one that the log has, too. */
  readonly redactor: Redactor;
  readonly env: NodeJS.ProcessEnv;
  readonly fsyncDelayMs: number;
  /** Head office is asked for the first time within so long; undefined: within a minute. */
  readonly linkDelayMs: number | undefined;
  /** A test aid: no wait of a look for other DHCP servers is longer than this. */
  readonly lookDelayMs: number | undefined;
  /** The store is gone: the site cannot keep a promise any more and must end. */
  readonly onLost: (error: AppError) => void;
  /** Stop this site, and make it once more: what head office sent needs other sockets. */
  readonly onRestart: (because: string) => void;
};

export interface Site {
  /** Opens the sockets and serves. Rejects with an AppError; then `stop` ends what had begun. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** How long a start waits for its loaders. DHCP leaves machines alone whose loader is not here yet, so a site may start without. */
const LOADERS_MS = 10_000;

/** The appliance. Rejects with an AppError if the site file, the store or the template cannot be used; nothing is left open then. */
export async function createSite(options: SiteOptions): Promise<Site> {
  const undo: Undo[] = [];
  try {
    return await assemble(options, undo);
  } catch (error) {
    await unwind(undo, options.log);
    throw error;
  }
}

/** The appliance, as a list of its parts. They start in the order in which they are listed, and stop in reverse. */
async function assemble(
  { config, log, redactor, env, fsyncDelayMs, linkDelayMs, lookDelayMs, onLost, onRestart }: SiteOptions,
  undo: Undo[],
): Promise<Site> {
  await makePrivateDir(config.dataDir);
  const clock = await openSiteTime(config, log);
  undo.push(() => clock.stop());
  const random = systemRandom;
  // What strangers can make a room say is bounded, room by room; DHCP has bounds of its own.
  const quiet = (): Log => limitLog(log, clock);

  const clockCheck = checkClock(clock);
  if (clockCheck.doThis) log.warn({ says: clockCheck.says }, clockCheck.doThis);

  let inForce: Revisions | undefined;
  let sealed: ReadonlyMap<string, string> = new Map();
  const shown = new Set<string>();
  const presence = createPresence({
    ...{ config, clock, log, revisions: () => inForce, open: () => openNodeSockets(), restart: onRestart },
    show: (addresses) => listenHttp(http, { config, addresses, passed, shown }),
  });

  // What it keeps.
  const database = await openStore(join(config.dataDir, 'slipway.db'), {
    log,
    onLost,
    faults: { syncDelayMs: fsyncDelayMs },
  });
  undo.push(() => database.close());
  await removeUnfinished(config.dataDir);
  const logged = await withOrderLog({ path: join(config.dataDir, 'orders.log'), store: database, clock, log });
  undo.push(() => logged.close());
  const store = withSpareFile({ path: join(config.dataDir, 'spare'), store: logged, clock, random, log });
  undo.push(() => store.close());
  const tokens = await openTokenMint(config.dataDir);
  const secrets = await openSecrets({
    ...{ places: config.secrets, files: createSecretFiles(config.secrets, { log, redactor }) },
    store: await openSecretStore(config.dataDir),
    sealed: () => sealed,
    ...{ events: store, revision: () => inForce?.current(), redactor, clock, log },
  });
  const alarms = await startAlarms({ store, clock });
  undo.push(() => alarms.stop());
  const { dataDir } = config;
  const wan = await openWanLine({ dataDir, rules: () => inForce?.current()?.wan, clock, log });
  undo.push(() => wan.stop());
  const disk = { dataDir, maxDiskBytes: () => inForce?.current()?.maxDiskBytes };
  const content = await openContent({ settings: disk, store, wan, clock, random, log });
  undo.push(() => content.stop());
  const loaders = createLoaders(content, await loadersOf(env));
  // Before the assets of the template: a loader is small, and shall not wait in line behind images on a slow WAN.
  const loadersTried = loaders.fetch();

  // Who it is to head office, what it shall do, and where it stands.
  const headOffice = await openHeadOffice({
    ...{ config, store, time: clock, random, log, env, bootDelayMs: linkDelayMs },
  });
  const freezer = createFreezer({ store, clock });
  const { revisions, down } = await startSiteRevisions({
    ...{ config, presence, trust: headOffice?.trust ?? NO_TRUST, store, content, loaders, secrets },
    ...{ freezer, clock, random, log },
    onSealed: (values) => {
      sealed = values;
    },
  });
  inForce = revisions;
  undo.push(() => revisions.stop());
  const passed = passedSockets(env, [process.pid]);
  const siteAddress = (): readonly SiteAddress[] => presence.addresses();
  const admission = new Admission(ADMISSION_RULES);

  // The diary: all that is seen of a machine ends here.
  const diary = createDiary({ store, revisions, clock, random, log: quiet() });
  undo.push(() => diary.close());
  // DHCP answers otherwise who did not come on: it hears what the other rooms see of machines.
  const seen = teeSignals(diary, (signal) => dhcp.hear(signal), prolongLeases({ store, revisions, clock, log }));
  // What nodes say of themselves.
  const told = redactSignals(diary, redactor);
  const arp = createArp(clock);
  const neighbours = createNeighbourhood({ arp, clock, log: quiet() });
  const udp = createUdpPort(log);
  const surroundings = lookAround(config, {
    ...{ udp, clock, random, log: quiet(), store, revisions, addresses: siteAddress, neighbours: arp, lookDelayMs },
  });
  const wire = { arp, neighbours, surroundings };
  const heard = { store, signals: seen, loaders, addresses: siteAddress, clock, log, neighbours, admission };
  const transfers = createTransferSignals(heard);

  // The rooms that speak to nodes.
  let time: TimeWatch | undefined;
  const dhcp = createDhcpServer({
    ...{ udp, clock, log, store, revisions, loaders, signals: diary, addresses: siteAddress },
    servesTime: (network) => time?.servesTime(network) ?? false,
    ...wire,
    handed: dhcpSockets(passed, Object.keys(config.interfaces), udp),
  });
  const roomDeps = {
    ...{ siteName: config.site, store, revisions, content, tokens, signals: diary },
    ...{ addresses: siteAddress, clock, log: quiet(), ...wire },
  };
  const mirror = await openImageMirror({
    ...{ config, content, revisions, secrets, store, addresses: siteAddress, arp, wan, clock, random, log: quiet() },
    ...{ onPulled: transfers.onPulled, onFirstByte: (...waited) => metrics.firstByte(...waited) },
  });
  undo.push(() => mirror.stop());
  const desk = createBootDesk({ ...roomDeps, signals: seen, secrets, random, admission, images: mirror.wanted });
  const tftp = createSiteTftp({
    ...{ config, passed, udp, loaders, content, desk, revisions, transfers, clock, log: quiet() },
    isHeldBack: mirror.isOfImage,
  });
  let runningTftp: ReturnType<typeof tftp> | undefined;
  const receivers = createReceivers({
    ...{ udp, clock, store, signals: told, addresses: siteAddress, ports: config.signals, log: quiet() },
    ...{ ...wire, revisions },
  });
  const revisionDesk = createRevisionDesk({ revisions, down, freezer });
  const notReady = (): readonly string[] => {
    if (presence.isServing()) return [presence.problem() ?? []].flat();
    const { steered: steering, inForce: current } = revisionDesk.view();
    if (steering && !current) return [steering.sentence];
    return [presence.problem() ?? 'its sockets are not open yet'];
  };

  // What people and programs may ask.
  const metrics = createMetrics({
    counts: {
      dhcp: dhcp.counters,
      tftp: () => ({ ...runningTftp?.counters() }),
      http: () => http.counters(),
      diary: () => ({ ...diary.counters() }),
      signals: () => ({ ...receivers.counters() }),
    },
    ...{ state: store.state, now: clock.now, isReady: () => notReady().length === 0 },
    queued: () => admission.counts(clock.monotonic()).waiting,
    revision: () => revisions.current()?.number ?? 0,
    outbox: () => headOffice?.view()?.events,
    images: () => ({ ...mirror.figures(), line: wan.now(), waiting: wan.waiting(), fills: content.fills() }),
  });
  const queries = createQueries({
    ...{ siteName: config.site, store, revisions, content, diary, clock, metrics },
    ...{ addresses: siteAddress, notReady, alarms, secrets, surroundings, admission, neighbours },
    steering: () => revisionDesk.view().steered,
    headOffice: () => headOffice?.view(),
    images: mirror.view,
  });
  const people = peopleRoutes({
    ...{ config, queries, desk: diary, secrets, store, clock, log: quiet(), addresses: () => presence.shown() },
    ...{ revisions: revisionDesk, surroundings, join: headOffice?.join, images: mirror.desk },
    imageFiles: mirror.files,
    isControl: (request) => http.isControl(request.socket),
  });
  const routes = [
    people,
    bootRoutes(desk),
    metadataRoutes({ ...roomDeps, secrets }),
    nodesRoutes({ ...roomDeps, signals: told }),
    assetRoutes({ content, loaders, clock, log, onProgress: transfers.onAsset, isHeldBack: mirror.isOfImage }),
    mirror.routes,
  ];
  const http = await createHttpServer({ log: quiet(), routes });
  undo.push(() => http.close());

  const openNodeSockets = async (): Promise<void> => {
    const addresses = presence.addresses();
    if (!(await within(loadersTried, LOADERS_MS, clock)))
      log.warn({}, 'the loaders are not here yet; machines that need one are left alone until it is');
    time = await startTimeWatch({ addresses: siteAddress, revisions, answersTime, clock, log });
    undo.push(time.stop);
    runningTftp = tftp(addresses);
    await openSockets({ http, tftp: runningTftp, dhcp, receivers }, { config, addresses, passed, shown, log }, undo);
    tellUnserved({ siteName: config.site, revisions, addresses, content, loaders, random, log });
    const sentence = `Site ${config.site} serves at ${ownAddresses(addresses)
      .map((site) => site.address)
      .join(', ')}.`;
    undo.push(() => surroundings.stop());
    surroundings.start();
    mirror.start(http);
    await store.commit([], [{ type: 'site-started', at: clock.now(), sentence }]);
  };

  return {
    start: async () => {
      await presence.begin();
      await openControlSocket(http, env, config);
      undo.push(startTicker({ clock, signals: diary }));
      undo.push(startRetention({ store, clock, log, isSteered: headOffice !== undefined }) satisfies Cancel);
      if (!headOffice || !down) return;
      undo.push(() => headOffice.stop());
      await headOffice.start({ down, entries: siteEntries({ store, queries, freezer, down, now: clock.now }) });
    },
    stop: async () => {
      if (presence.isServing()) await tellStop(store, config.site, clock.now(), log);
      presence.end();
      await unwind(undo, log);
    },
  };
}

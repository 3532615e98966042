import { checkKernel } from './kernel-checks.ts';
import { checkAddress, checkInterface, checkPorts, checkServers, ownAddress } from './network-checks.ts';
import { type CheckResult, failed, ok, unseen, warning } from './result.ts';
import type { Plan, PlannedNetwork, World } from './world.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/** What the store of files leaves free for leases and events. */
const RESERVE_BYTES = 256 * MIB;
const FEW_FILES = 1_000;
/** A clock before this was never set: the program itself is younger. */
const BUILT_AFTER = Date.UTC(2026, 0, 1);
const WEEK_MS = 7 * 86_400_000;

/** All checks, in the order in which a person would make them. */
export async function runChecks(plan: Plan, world: World): Promise<readonly CheckResult[]> {
  const running = await world.runningSite();
  const isSeenToRun = 'seen' in running && running.seen !== undefined;
  const isUnknown = 'unseen' in running;
  const parts = await Promise.all([
    [checkClock(world)],
    checkDisk(plan, world),
    plan.networks.map((network) => checkInterface(network, world)),
    eachNetwork(plan, (network) => checkAddress(network, world)),
    checkRunning(running),
    isSeenToRun || isUnknown ? [] : checkPorts(plan, world),
    eachNetwork(plan, (network) => checkServers(network, world)),
    checkKernel(plan, world),
    checkLoaders(world),
    checkServed(world),
    checkCertificates(world),
    checkTime(plan, world),
  ]);
  return parts.flat();
}

async function eachNetwork(
  plan: Plan,
  check: (network: PlannedNetwork) => Promise<readonly CheckResult[]>,
): Promise<readonly CheckResult[]> {
  return (await Promise.all(plan.networks.map(check))).flat();
}

/** Whether the clock can be right at all; also asked at every start of a site. */
export function checkClock(world: Pick<World, 'now'>): CheckResult {
  const says = `the clock shows ${new Date(world.now()).toISOString()}`;
  if (world.now() >= BUILT_AFTER) return ok('clock', says);
  return warning(
    'clock',
    says,
    'Set the clock or let it be set by NTP. Nodes boot all the same; only times are wrong.',
  );
}

async function checkDisk({ dataDir }: Plan, world: World): Promise<readonly CheckResult[]> {
  const because = await world.cannotWrite(dataDir);
  if (because === 'EACCES')
    return [unseen('disk', `${dataDir}: this user may not write there; the one of the site may`)];
  if (because !== undefined)
    return [
      failed(
        'disk',
        `${dataDir} cannot be written: ${because}`,
        'Create it and give it to the user that runs Slipway.',
      ),
    ];
  const { freeBytes, freeFiles } = await world.disk(dataDir);
  const says = `${dataDir} has ${(freeBytes / GIB).toFixed(1)} GiB free`;
  const doThis = 'Free some space: leases and events need little, kernels and images a lot.';
  if (freeFiles !== undefined && freeFiles < FEW_FILES)
    return [
      failed('disk', `${says}, but only ${freeFiles} more files fit (inodes)`, 'Delete files that nobody needs.'),
    ];
  if (freeBytes < RESERVE_BYTES)
    return [failed('disk', `${says}, less than the ${RESERVE_BYTES / MIB} MiB kept for leases and events`, doThis)];
  return [freeBytes >= 2 * GIB ? ok('disk', says) : warning('disk', says, doThis)];
}

function checkRunning(running: Awaited<ReturnType<World['runningSite']>>): readonly CheckResult[] {
  if ('unseen' in running) return [unseen('site', running.unseen)];
  if (!running.seen) return [];
  const { site, notReady, troubles } = running.seen;
  if (notReady.length > 0)
    return [failed('site', `${site} is running but not ready: ${notReady.join('; ')}`, 'Look at the log of the site.')];
  if (troubles.length === 0) return [ok('site', `${site} is running and ready`)];
  const says = `${site} is running and ready, but: ${troubles.join('; ')}`;
  return [warning('site', says, '`slipway status` says what to do about each.')];
}

/** These are most of all machines; a store may do without the others. */
const MUST_BOOT = ['bios', 'uefi-x64'];

async function checkLoaders(world: World): Promise<readonly CheckResult[]> {
  const { names, without } = await world.missingLoaders();
  if (names.length === 0) return [ok('loaders', 'all loaders are here and verified, or can be fetched')];
  const says = `${names.join(', ')}: neither in the store nor on this machine`;
  const whom = without.length === 0 ? 'each kind of machine has another' : `nothing boots ${without.join(', ')}`;
  const doThis =
    'Install the packages that carry them (boot-assets/manifest.yaml names them), such as: apt-get install ipxe';
  const check = without.some((kind) => MUST_BOOT.includes(kind)) ? failed : warning;
  return [check('loaders', `${says}; ${whom}`, doThis)];
}

/** What we advertise, we serve. */
async function checkServed(world: World): Promise<readonly CheckResult[]> {
  const found = await world.notServed();
  const name = 'served';
  if ('unseen' in found) return [unseen(name, found.unseen, 'Look again when the site runs.')];
  const { asked, problems } = found.seen;
  if (problems.length === 0) return [ok(name, `all ${asked} things that answers name are there`)];
  const doThis =
    'What is on its way comes by itself; for the rest look at the log of the site and at the sources in the template.';
  const shown = problems.slice(0, 5);
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : '';
  return [failed(name, `of ${asked} things that answers name: ${shown.join('; ')}${more}`, doThis)];
}

async function checkCertificates(world: World): Promise<readonly CheckResult[]> {
  const found = await world.certificates();
  if ('unseen' in found) return [unseen('certificates', found.unseen)];
  const now = world.now();
  return found.seen.map(({ what, endsAt }) => {
    const day = new Date(endsAt).toISOString().slice(0, 10);
    if (endsAt - now > WEEK_MS) return ok('certificate', `${what} is good until ${day}`);
    const how = endsAt <= now ? 'is over since' : 'ends on';
    const doThis =
      'The store works without it. Check the clock, and whether head office is reached: it renews certificates by itself.';
    return warning('certificate', `${what} ${how} ${day}`, doThis);
  });
}

/** What the template offers in our name, another program serves. */
async function checkTime(plan: Plan, world: World): Promise<readonly CheckResult[]> {
  const addresses = plan.networks
    .filter(({ offersTime }) => offersTime)
    .flatMap((network) => ownAddress(network, world));
  return Promise.all(
    addresses.map(async (address) => {
      if (await world.answersTime(address)) return ok('time', `served at ${address} by NTP`);
      return warning(
        'time',
        `the template offers the time of this machine (ntp: [site]), and nothing answers NTP at ${address}`,
        'Install an NTP server such as chrony and let it serve the network. Until then nodes are not told of it.',
      );
    }),
  );
}

import type { Ipv4, Subnet } from '../../kernel/ipv4.ts';
import { formatSubnet, isInSubnet } from '../../kernel/ipv4.ts';

/** What one check found: a line for a person, and what to do if it is not in order. */
export type CheckResult = {
  readonly name: string;
  readonly verdict: 'ok' | 'warning' | 'failed';
  readonly says: string;
  readonly doThis?: string;
};

/** What the checks may ask of the machine. Every question is answered without changing anything. */
export interface World {
  now(): number;
  interfaces(): readonly { readonly name: string; readonly addresses: readonly Ipv4[] }[];
  /** undefined: the port can be had; else the reason in words. */
  cannotBind(protocol: 'udp' | 'tcp', address: Ipv4, port: number): Promise<string | undefined>;
  freeBytes(dir: string): Promise<number>;
  cannotWrite(dir: string): Promise<string | undefined>;
  /** undefined: no site runs here. */
  runningSite(): Promise<{ readonly site: string; readonly notReady: readonly string[] } | undefined>;
  loaderProblems(): Promise<readonly string[]>;
  /** Whether an NTP server answers at this address of ours. */
  answersTime(address: Ipv4): Promise<boolean>;
}

/** What the site is going to use. */
export type Plan = {
  readonly dataDir: string;
  readonly networks: readonly {
    readonly name: string;
    readonly interface: string;
    readonly subnet: Subnet;
    /** The template offers the time of this machine there. */
    readonly offersTime: boolean;
  }[];
  readonly ports: readonly { readonly protocol: 'udp' | 'tcp'; readonly port: number; readonly for: string }[];
};

const GIB = 1024 ** 3;
/** A clock before this was never set: the program itself is younger. */
const BUILT_AFTER = Date.UTC(2026, 0, 1);

/** All checks, in the order in which a person would make them. */
export async function runChecks(plan: Plan, world: World): Promise<readonly CheckResult[]> {
  const running = await world.runningSite();
  const interfaces = plan.networks.map((network) => checkInterface(network, world));
  const ports = running ? [checkRunning(running)] : await checkPorts(plan, world);
  const found = [checkClock(world), await checkDisk(plan, world), ...interfaces, ...ports, await checkLoaders(world)];
  return [...found, ...(await checkTime(plan, world))];
}

/** Whether the clock can be right at all; also asked at every start of a site. */
export function checkClock(world: Pick<World, 'now'>): CheckResult {
  const says = `the clock shows ${new Date(world.now()).toISOString()}`;
  if (world.now() >= BUILT_AFTER) return { name: 'clock', verdict: 'ok', says };
  return {
    name: 'clock',
    verdict: 'warning',
    says,
    doThis: 'Set the clock or let it be set by NTP. Nodes boot all the same; only times are wrong.',
  };
}

async function checkDisk(plan: Plan, world: World): Promise<CheckResult> {
  const name = 'disk';
  const because = await world.cannotWrite(plan.dataDir);
  if (because)
    return {
      name,
      verdict: 'failed',
      says: `${plan.dataDir} cannot be written: ${because}`,
      doThis: 'Create it and give it to the user that runs Slipway.',
    };
  const free = await world.freeBytes(plan.dataDir);
  const says = `${plan.dataDir} has ${(free / GIB).toFixed(1)} GiB free`;
  if (free >= 2 * GIB) return { name, verdict: 'ok', says };
  return {
    name,
    verdict: 'warning',
    says,
    doThis: 'Free some space: leases and events need little, kernels and images a lot.',
  };
}

function checkInterface(network: Plan['networks'][number], world: World): CheckResult {
  const name = `interface ${network.interface}`;
  const found = world.interfaces().find((candidate) => candidate.name === network.interface);
  if (!found) {
    const names = world
      .interfaces()
      .map((candidate) => candidate.name)
      .join(', ');
    return {
      name,
      verdict: 'failed',
      says: `this machine has no ${network.interface}, only ${names}`,
      doThis: 'Correct `interfaces` in the site file.',
    };
  }
  const address = found.addresses.find((candidate) => isInSubnet(candidate, network.subnet));
  if (address)
    return {
      name,
      verdict: 'ok',
      says: `has ${address} in the network ${network.name} (${formatSubnet(network.subnet)})`,
    };
  const has = found.addresses.length > 0 ? found.addresses.join(', ') : 'no IPv4 address';
  return {
    name,
    verdict: 'failed',
    says: `has ${has}, which is not in the network ${network.name} (${formatSubnet(network.subnet)})`,
    doThis: `Give it an address of that network: ip address add ADDRESS/${network.subnet.prefix} dev ${network.interface}`,
  };
}

function checkRunning(running: { readonly site: string; readonly notReady: readonly string[] }): CheckResult {
  const name = 'site';
  if (running.notReady.length === 0) return { name, verdict: 'ok', says: `${running.site} is running and ready` };
  return {
    name,
    verdict: 'failed',
    says: `${running.site} is running but not ready: ${running.notReady.join('; ')}`,
    doThis: 'Look at the log of the site.',
  };
}

async function checkPorts(plan: Plan, world: World): Promise<readonly CheckResult[]> {
  const addresses = plan.networks.flatMap((network) => ownAddress(network, world));
  const wanted = plan.ports.flatMap((port) => addresses.map((address) => ({ ...port, address })));
  return Promise.all(
    wanted.map(async ({ protocol, port, address, for: purpose }): Promise<CheckResult> => {
      const name = `port ${port}/${protocol}`;
      const because = await world.cannotBind(protocol, address, port);
      if (!because) return { name, verdict: 'ok', says: `free on ${address} for ${purpose}` };
      return {
        name,
        verdict: 'failed',
        says: `${purpose} cannot use it on ${address}: ${because}`,
        doThis: `\`ss -lnp\` shows who has port ${port}; stop that program, or start Slipway with the rights to use it.`,
      };
    }),
  );
}

/** What the template offers in our name, another program serves. */
async function checkTime(plan: Plan, world: World): Promise<readonly CheckResult[]> {
  const addresses = plan.networks
    .filter(({ offersTime }) => offersTime)
    .flatMap((network) => ownAddress(network, world));
  return Promise.all(
    addresses.map(async (address): Promise<CheckResult> => {
      if (await world.answersTime(address)) return { name: 'time', verdict: 'ok', says: `served at ${address} by NTP` };
      return {
        name: 'time',
        verdict: 'warning',
        says: `the template offers the time of this machine (ntp: [site]), and nothing answers NTP at ${address}`,
        doThis:
          'Install an NTP server such as chrony and let it serve the network. Until then nodes are not told of it.',
      };
    }),
  );
}

function ownAddress(network: Plan['networks'][number], world: World): Ipv4[] {
  const found = world.interfaces().find((candidate) => candidate.name === network.interface);
  const address = found?.addresses.find((candidate) => isInSubnet(candidate, network.subnet));
  return address ? [address] : [];
}

async function checkLoaders(world: World): Promise<CheckResult> {
  const problems = await world.loaderProblems();
  const name = 'loaders';
  if (problems.length === 0)
    return { name, verdict: 'ok', says: 'all loaders are here and verified, or can be fetched' };
  return {
    name,
    verdict: 'failed',
    says: problems.join('; '),
    doThis: 'Install the package that carries them: apt-get install ipxe',
  };
}

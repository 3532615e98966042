import { describe, expect, it } from 'vitest';
import { type Ipv4, parseSubnet } from '../../kernel/ipv4.ts';
import { runChecks } from './checks.ts';
import type { CheckResult } from './result.ts';
import type { Plan, PlannedNetwork, World } from './world.ts';

const subnet = parseSubnet('10.0.0.0/24') ?? expect.unreachable();
const nodes: PlannedNetwork = {
  name: 'nodes',
  interface: 'eth0',
  subnet,
  offersTime: true,
  needsServer: false,
  machines: 100,
};
const plan: Plan = {
  dataDir: '/var/lib/slipway',
  networks: [nodes],
  receiveBytes: 1_048_576,
  ports: [{ protocol: 'udp', port: 67, for: 'DHCP' }],
};
const NOW = Date.UTC(2026, 10, 21);
const OTHER = { address: '10.0.0.3' as Ipv4, allowed: false };
const healthy: World = {
  now: () => NOW,
  interfaces: () => [{ name: 'eth0', addresses: ['10.0.0.1' as Ipv4] }],
  cannotBind: async () => undefined,
  addressTaken: async () => ({ seen: false }),
  otherServers: async () => ({ seen: [] }),
  kernelLimit: async () => ({ seen: 1_048_576 }),
  disk: async () => ({ freeBytes: 10 * 1024 ** 3, freeFiles: 1_000_000 }),
  cannotWrite: async () => undefined,
  runningSite: async () => ({ seen: undefined }),
  missingLoaders: async () => ({ names: [], without: [] }),
  notServed: async () => ({ seen: { asked: 12, problems: [] } }),
  certificates: async () => ({ seen: [{ what: 'the root', endsAt: NOW + 1e11 }] }),
  answersTime: async () => true,
};

const check = async (change: Partial<World>, name: string, network: Partial<PlannedNetwork> = {}) =>
  (await runChecks({ ...plan, networks: [{ ...nodes, ...network }] }, { ...healthy, ...change })).find(
    (result) => result.name === name,
  );

const lacking = (name: string, ...without: string[]): Partial<World> => ({
  missingLoaders: async () => ({ names: [name], without }),
});

describe('preflight checks', () => {
  it('finds nothing on a healthy machine', async () => {
    const results = await runChecks(plan, healthy);
    expect(results.map((result) => `${result.verdict} ${result.name}`)).toEqual([
      'ok clock',
      'ok disk',
      'ok interface eth0',
      'ok address 10.0.0.1',
      'ok port 67/udp',
      'ok DHCP in nodes',
      'ok receive buffers',
      'ok neighbour table',
      'ok loaders',
      'ok served',
      'ok certificate',
      'ok time',
    ]);
  });

  it.each<[string, string, CheckResult['verdict'], Partial<World>, RegExp]>([
    ['a clock in 1970', 'clock', 'warning', { now: () => 0 }, /1970/],
    ['a data directory that cannot be written', 'disk', 'failed', { cannotWrite: async () => 'denied' }, /denied/],
    [
      'small buffers',
      'receive buffers',
      'warning',
      { kernelLimit: async () => ({ seen: 212_992 }) },
      /ask for 1048576 bytes and get 212992 \(net\.core\.rmem_max\)/,
    ],
    [
      'more machines than the kernel remembers',
      'neighbour table',
      'warning',
      { kernelLimit: async () => ({ seen: 128 }) },
      /100 machines by the template, .* 128 neighbours .* up to 164/,
    ],
    ['no NTP server', 'time', 'warning', { answersTime: async () => false }, /nothing answers NTP at 10\.0\.0\.1/],
    ['a disk that is nearly full', 'disk', 'warning', { disk: async () => ({ freeBytes: 1e9 }) }, /0\.9 GiB/],
    [
      'a disk that is in its reserve',
      'disk',
      'failed',
      { disk: async () => ({ freeBytes: 1e8 }) },
      /less than the 256 MiB/,
    ],
    [
      'a disk without inodes',
      'disk',
      'failed',
      { disk: async () => ({ freeBytes: 1e12, freeFiles: 9 }) },
      /only 9 more/,
    ],
    [
      'no such interface',
      'interface eth0',
      'failed',
      { interfaces: () => [{ name: 'wlan0', addresses: [] }] },
      /wlan0/,
    ],
    [
      'an interface without address',
      'interface eth0',
      'failed',
      { interfaces: () => [{ name: 'eth0', addresses: [] }] },
      /no IPv4/,
    ],
    [
      'an unplugged cable',
      'interface eth0',
      'warning',
      { interfaces: () => [{ name: 'eth0', addresses: ['10.0.0.1' as Ipv4], hasCarrier: false }] },
      /no cable/,
    ],
    ...[25, 31, 32].map((prefix): [string, string, CheckResult['verdict'], Partial<World>, RegExp] => [
      `an address of its own with a /${prefix}`,
      'interface eth0',
      'warning',
      { interfaces: () => [{ name: 'eth0', addresses: ['10.0.0.1' as Ipv4], prefixes: { '10.0.0.1': prefix } }] },
      new RegExp(`10\\.0\\.0\\.1/${prefix}, and the network nodes is 10\\.0\\.0\\.0/24`),
    ]),
    [
      'an address that somebody else has',
      'address 10.0.0.1',
      'failed',
      { addressTaken: async () => ({ seen: true }) },
      /too/,
    ],
    [
      'a port in use',
      'port 67/udp',
      'failed',
      { cannotBind: async () => ({ because: 'in use', notAllowed: false }) },
      /in use/,
    ],
    [
      'another DHCP server',
      'DHCP in nodes',
      'warning',
      { otherServers: async () => ({ seen: [OTHER] }) },
      /10\.0\.0\.3/,
    ],
    [
      'a loader that most machines need',
      'loaders',
      'failed',
      lacking('snponly.efi', 'uefi-x64'),
      /nothing boots uefi-x64/,
    ],
    [
      'a loader of few machines',
      'loaders',
      'warning',
      lacking('grubaa64.efi', 'uefi-arm64'),
      /nothing boots uefi-arm64/,
    ],
    [
      'a loader that has a substitute',
      'loaders',
      'warning',
      lacking('shimx64.efi'),
      /each kind of machine has another/,
    ],
    [
      'a file that is named and not served',
      'served',
      'failed',
      { notServed: async () => ({ seen: { asked: 9, problems: ['vmlinuz: answered 404'] } }) },
      /of 9 things .*vmlinuz/,
    ],
    [
      'a certificate that is over',
      'certificate',
      'warning',
      { certificates: async () => ({ seen: [{ what: 'the root', endsAt: NOW - 1 }] }) },
      /the root is over since 2026-11-20/,
    ],
    [
      'a running site that is not ready',
      'site',
      'failed',
      { runningSite: async () => ({ seen: { site: 's', notReady: ['no revision'], troubles: [] } }) },
      /no revision/,
    ],
    [
      'a running site with an alarm',
      'site',
      'warning',
      { runningSite: async () => ({ seen: { site: 's', notReady: [], troubles: ['pos-1 is lost'] } }) },
      /pos-1 is lost/,
    ],
  ])('names %s and says what to do', async (_what, name, verdict, change, says) => {
    const result = await check(change, name);
    expect(result?.verdict).toBe(verdict);
    expect(result?.says).toMatch(says);
    expect(result?.doThis).toBeTruthy();
  });

  it.each<[string, Partial<World>]>([
    ['port 67/udp', { cannotBind: async () => ({ because: 'ports below 1024 need root', notAllowed: true }) }],
    ['address 10.0.0.1', { addressTaken: async () => ({ unseen: 'no arping' }) }],
    ['DHCP in nodes', { otherServers: async () => ({ unseen: 'no root' }) }],
    ['served', { notServed: async () => ({ unseen: 'no revision' }) }],
    ['certificates', { certificates: async () => ({ unseen: 'EACCES' }) }],
    ['disk', { cannotWrite: async () => 'EACCES' }],
    ['site', { runningSite: async () => ({ unseen: 'EACCES' }) }],
  ])('says of %s that it could not be looked at, and how it can', async (name, change) => {
    expect(await check(change, name)).toMatchObject({ verdict: 'unseen', doThis: expect.stringMatching(/./) });
  });

  it('wants another DHCP server where the site only adds the boot', async () => {
    const beside = { needsServer: true };
    expect(await check({}, 'DHCP in nodes', beside)).toMatchObject({ verdict: 'warning' });
    const there = { otherServers: async () => ({ seen: [OTHER] }) };
    expect(await check(there, 'DHCP in nodes', beside)).toMatchObject({ verdict: 'ok' });
  });

  it('does not try to bind the ports that a running site holds, or may hold', async () => {
    const states = [{ seen: { site: 's', notReady: [], troubles: [] } }, { unseen: 'EACCES' }] as const;
    for (const state of states) {
      const results = await runChecks(plan, {
        ...healthy,
        runningSite: async () => state,
        cannotBind: async () => ({ because: 'in use', notAllowed: false }),
      });
      expect(results.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    }
  });

  it.each([
    ['receive buffers', 212_992, 'echo net.core.rmem_max=1048576 >/etc/sysctl.d/60-rmem_max.conf'],
    ['neighbour table', 128, 'echo net.ipv4.neigh.default.gc_thresh3=256 >/etc/sysctl.d/60-gc_thresh3.conf'],
  ])('%s: says what to type, and where it cannot look, where to', async (name, seen, command) => {
    expect((await check({ kernelLimit: async () => ({ seen }) }, name))?.doThis).toContain(command);
    const blind = await check({ kernelLimit: async () => ({ unseen: 'not here' }) }, name);
    expect(blind).toMatchObject({ verdict: 'unseen', doThis: expect.stringContaining('sysctl net.') });
  });
});

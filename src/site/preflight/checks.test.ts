import { describe, expect, it } from 'vitest';
import { type Ipv4, parseSubnet } from '../../kernel/ipv4.ts';
import { type CheckResult, type Plan, runChecks, type World } from './checks.ts';

const subnet = parseSubnet('10.0.0.0/24') ?? expect.unreachable();
const plan: Plan = {
  dataDir: '/var/lib/slipway',
  networks: [{ name: 'nodes', interface: 'eth0', subnet, offersTime: true }],
  ports: [{ protocol: 'udp', port: 67, for: 'DHCP' }],
};
const healthy: World = {
  now: () => Date.UTC(2026, 10, 21),
  interfaces: () => [{ name: 'eth0', addresses: ['10.0.0.1' as Ipv4] }],
  cannotBind: async () => undefined,
  freeBytes: async () => 10 * 1024 ** 3,
  cannotWrite: async () => undefined,
  runningSite: async () => undefined,
  loaderProblems: async () => [],
  answersTime: async () => true,
};

const check = async (change: Partial<World>, name: string): Promise<CheckResult | undefined> =>
  (await runChecks(plan, { ...healthy, ...change })).find((result) => result.name === name);

describe('preflight checks', () => {
  it('finds nothing on a healthy machine', async () => {
    const results = await runChecks(plan, healthy);
    expect(results.map((result) => `${result.verdict} ${result.name}`)).toEqual([
      'ok clock',
      'ok disk',
      'ok interface eth0',
      'ok port 67/udp',
      'ok loaders',
      'ok time',
    ]);
  });

  it.each<[string, string, CheckResult['verdict'], Partial<World>, RegExp]>([
    ['a clock in 1970', 'clock', 'warning', { now: () => 0 }, /1970/],
    [
      'a data directory that cannot be written',
      'disk',
      'failed',
      { cannotWrite: async () => 'permission denied' },
      /permission denied/,
    ],
    ['no NTP server', 'time', 'warning', { answersTime: async () => false }, /nothing answers NTP at 10\.0\.0\.1/],
    ['a disk that is nearly full', 'disk', 'warning', { freeBytes: async () => 1e9 }, /0\.9 GiB/],
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
    ['a port in use', 'port 67/udp', 'failed', { cannotBind: async () => 'in use' }, /in use/],
    ['a loader that is missing', 'loaders', 'failed', { loaderProblems: async () => ['no snponly.efi'] }, /snponly/],
    [
      'a running site that is not ready',
      'site',
      'failed',
      { runningSite: async () => ({ site: 's', notReady: ['no revision'] }) },
      /no revision/,
    ],
  ])('names %s and says what to do', async (_what, name, verdict, change, says) => {
    const result = await check(change, name);
    expect(result?.verdict).toBe(verdict);
    expect(result?.says).toMatch(says);
    expect(result?.doThis).toBeTruthy();
  });

  it('does not try to bind the ports that a running site holds', async () => {
    const results = await runChecks(plan, {
      ...healthy,
      runningSite: async () => ({ site: 's', notReady: [] }),
      cannotBind: () => Promise.reject(new Error('asked')),
    });
    expect(results.some((result) => result.name === 'site' && result.verdict === 'ok')).toBe(true);
  });
});

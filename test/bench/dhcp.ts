import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/lab/command.ts';
import { createHost, type Host } from '../../src/lab/network.ts';
import { startSite } from '../../src/lab/site-process.ts';
import { type Bench, inTurn, median, type Part, type Row } from './part.ts';
import { cpuSeconds, listens, type Rival, startRival } from './process.ts';

const SERVER = '10.80.0.1';
const CLIENT = '10.80.0.2';
/** Offered 4-way exchanges per second: what all are asked for, and more than any of them can do. */
const RATE = 5_000;
const FLOOD = 20_000;
/** Before it is measured, by other machines: a site compiles itself during its first ten thousand exchanges. */
const WARM_UP = { rate: 2_000, seconds: 5, firstMac: '00:0c:02:00:00:00' };

type Figures = {
  readonly reached: number;
  readonly dropPercent: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
};
type Server = (dir: string) => Promise<Rival>;

/** 4-way exchanges a second by perfdhcp, which plays a relay: against each server anew, on one wire. */
export const dhcp: Part = {
  title: 'DHCP: 4-way exchanges/s, leases on disk before the ACK',
  run: async (bench) => {
    const client = await createHost('perfdhcp', 'br0', { address: `${CLIENT}/16` });
    const rows: Row[] = [];
    try {
      for (const rate of bench.quick ? [RATE] : [RATE, FLOOD]) rows.push(...(await compare(bench, client, rate)));
    } finally {
      await client.close();
    }
    return rows;
  },
};

async function compare(bench: Bench, client: Host, rate: number): Promise<Row[]> {
  const seconds = bench.quick ? 2 : 4;
  const contend = (start: Server) => () =>
    measure(bench, start, client, { rate, seconds, firstMac: '00:0c:01:00:00:00' });
  const figures = await inTurn(bench.rounds, {
    slipway: contend(startSlipway),
    kea: contend((dir) => startKea(bench.programs.kea, dir)),
    ...(rate === RATE && { dnsmasq: contend(startDnsmasq) }),
  });
  const reached = Object.fromEntries(Object.entries(figures).map(([name, of]) => [name, show(of)]));
  const middle = (name: string, key: keyof Figures) => median((figures[name] ?? []).map((figure) => figure[key]));
  const ratio = middle('slipway', 'reached') / middle('kea', 'reached');
  const what = rate === FLOOD ? `more offered than they can do (${rate}/s)` : `${rate}/s offered`;
  // Of a rate that both reach, the noise of perfdhcp's own clock is left: it counts what it sent in its time.
  const rows: Row[] = [{ what, reached, ratio, goal: { atLeast: rate === FLOOD ? 1 : 0.99 } }];
  if (rate !== RATE) return rows;
  const delays = Object.fromEntries(
    Object.keys(figures).map((name) => [name, `${middle(name, 'p99Ms').toFixed(2)} ms`]),
  );
  return [
    ...rows,
    { what: `p99 at ${rate}/s, of 5 ms`, reached: delays, ratio: middle('slipway', 'p99Ms') / 5, goal: { atMost: 1 } },
  ];
}

function show(of: readonly Figures[]): string {
  const part = (key: keyof Figures) => median(of.map((figure) => figure[key]));
  return `${part('reached').toFixed(0)} (lost ${part('dropPercent').toFixed(1)} %, p99 ${part('p99Ms').toFixed(1)} ms, CPU ${part('cpuUs').toFixed(0)} us)`;
}

type Load = { readonly rate: number; readonly seconds: number; readonly firstMac: string };

async function measure(bench: Bench, start: Server, client: Host, load: Load): Promise<Figures> {
  const server = await start(await mkdtemp(join(bench.dir, 'dhcp-')));
  try {
    await perfdhcp(client, WARM_UP);
    const before = await cpuSeconds(server.pid);
    const figures = parse(await perfdhcp(client, load));
    const cpu = (await cpuSeconds(server.pid)) - before;
    return { ...figures, cpuUs: (cpu * 1e6) / (figures.reached * load.seconds) };
  } finally {
    await server.stop();
  }
}

async function perfdhcp(client: Host, { rate, seconds, firstMac }: Load): Promise<string> {
  // 40,000 clients that all differ; -W waits a second, in microseconds, for what is still under way; -x t: each delay.
  const flags = [
    '-4',
    '-r',
    rate,
    '-p',
    seconds,
    '-R',
    40_000,
    '-W',
    1_000_000,
    '-s',
    1,
    '-b',
    `mac=${firstMac}`,
    '-x',
    't',
    '-l',
    CLIENT,
  ];
  const argv = client.argv('perfdhcp', ...flags.map(String), SERVER);
  // Status 3: some exchanges were lost, which is a figure and no failure.
  return run(['sh', '-c', '"$@"; s=$?; [ $s -eq 0 ] || [ $s -eq 3 ]', 'sh', ...argv]);
}

function parse(text: string): Omit<Figures, 'cpuUs'> {
  const numbers = (pattern: RegExp): number[] => [...text.matchAll(pattern)].map((match) => Number(match[1]));
  const [reached = 0] = numbers(/Rate: ([\d.]+) 4-way/g);
  return { reached, dropPercent: Math.max(0, ...numbers(/drops ratio: ([\d.]+) %/g)), p99Ms: p99Of(text) };
}

/** Of DISCOVER to OFFER and of REQUEST to ACK, the worse. */
function p99Of(text: string): number {
  const [, ...exchanges] = text.split('***Timestamps for packets');
  return Math.max(
    ...exchanges.map((part) => {
      const pairs = [...part.matchAll(/sent \/ received: ([\d.]+) \/ ([\d.]+)/g)];
      const delays = pairs.map(([, sent, received]) => (Number(received) - Number(sent)) * 1_000);
      return delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? Number.NaN;
    }),
  );
}

const startSlipway: Server = async (dir) => {
  const template = join(dir, 'bench.yaml');
  const network = `{ subnet: 10.80.0.0/16, relays: [${CLIENT}], pool: "10.80.16.0..10.80.250.255", lease: { firmware: 5m, os: 30m } }`;
  await writeFile(
    template,
    `apiVersion: slipway/v1\nkind: SiteTemplate\nmetadata: { name: bench }\nspec: { networks: { nodes: ${network} } }\n`,
  );
  return startSite({ workDir: dir, config: `site: bench\ninterfaces: { nodes: br0 }\ntemplate: ${template}\n` });
};

/** Two threads, and each lease in its memfile, which it does not sync. */
async function startKea(program: string, dir: string): Promise<Rival> {
  const config = {
    Dhcp4: {
      'interfaces-config': { interfaces: ['br0'], 'dhcp-socket-type': 'udp', 're-detect': false },
      'lease-database': { type: 'memfile', persist: true, name: join(dir, 'leases.csv'), 'lfc-interval': 0 },
      'multi-threading': { 'enable-multi-threading': true, 'thread-pool-size': 2, 'packet-queue-size': 64 },
      'valid-lifetime': 1800,
      subnet4: [{ subnet: '10.80.0.0/16', pools: [{ pool: '10.80.16.0 - 10.80.250.255' }] }],
      loggers: [{ name: 'kea-dhcp4', severity: 'ERROR', output_options: [{ output: join(dir, 'kea.log') }] }],
    },
  };
  const path = join(dir, 'kea.json');
  await writeFile(path, JSON.stringify(config));
  const places = { KEA_LOCKFILE_DIR: dir, KEA_PIDFILE_DIR: dir };
  return startRival([program, '-c', path], () => listens(run, 'udp', 67), places);
}

const startDnsmasq: Server = async (dir) => {
  const flags = [
    '--keep-in-foreground',
    '--port=0',
    '--no-ping',
    '--interface=br0',
    '--bind-interfaces',
    '--user=root',
  ];
  const range = '--dhcp-range=10.80.16.0,10.80.250.255,255.255.0.0,30m';
  const leases = ['--dhcp-lease-max=70000', `--dhcp-leasefile=${join(dir, 'leases')}`];
  return startRival(['dnsmasq', ...flags, '--conf-file=/dev/null', range, ...leases], () => listens(run, 'udp', 67));
};

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Argv } from '../../src/lab/command.ts';
import { createHost, type Host } from '../../src/lab/network.ts';
import { startSite } from '../../src/lab/site-process.ts';
import { type Bench, inTurn, median, type Part, type Row } from './part.ts';
import { cpuSeconds, listens, type Rival, startRival } from './process.ts';

const MIB = 1024 * 1024;
/** An initramfs for one client, less for the slowest way; a large loader for each of a crowd. */
const FILES = { initramfs: 64 * MIB, loader: 16 * MIB, small: 2 * MIB } as const;
/** A site takes 16 transfers of one address at a time. */
const HOSTS = 20;
const CLIENTS_PER_HOST = 10;

const SETTLE_MS = 10_000;

type FileName = keyof typeof FILES;
type Asked = { readonly file: FileName; readonly windowSize: number; readonly clients: number };

const CASES: Readonly<Record<string, Asked>> = {
  'one client, window 1': { file: 'loader', windowSize: 1, clients: 1 },
  'one client, window 4': { file: 'initramfs', windowSize: 4, clients: 1 },
  'one client, window 16': { file: 'initramfs', windowSize: 16, clients: 1 },
  '200 clients, window 4': { file: 'small', windowSize: 4, clients: HOSTS * CLIENTS_PER_HOST },
};

type Figures = { readonly mbPerSecond: number; readonly cpuMsPerMb: number; readonly failed: number };
type Server = {
  readonly host: Host;
  readonly address: string;
  readonly rival: Rival;
  /** What it calls a file. */
  readonly nameOf: (file: FileName) => string;
};
type Start = (host: Host, address: string) => Promise<{ readonly rival: Rival; readonly nameOf?: Server['nameOf'] }>;

/** Downloads by atftp, a client of nobody's here: a whole site and each rival on a host of its own, all with the same files. */
export const tftp: Part = {
  title: 'TFTP: MB/s (blksize 1456)',
  run: async (bench) => {
    const hosts: Host[] = [];
    const servers: Record<string, Server> = {};
    try {
      for (let i = 0; i < HOSTS; i++)
        hosts.push(await createHost(`tftp-${i}`, 'br0', { address: `10.80.1.${i + 1}/16` }));
      const { folder, digests } = await makeFiles(bench.dir);
      const starts = { slipway: startSlipway(bench.dir, folder, digests), ...rivals(bench, folder) };
      for (const [name, start] of Object.entries(starts))
        servers[name] = await startServer(name, Object.keys(servers).length + 1, start);
      const rows: Row[] = [];
      for (const [what, asked] of Object.entries(CASES))
        rows.push(await compare(bench, { what, asked, hosts, servers }));
      return rows;
    } finally {
      for (const { rival, host } of Object.values(servers)) {
        await rival.stop();
        await host.close();
      }
      for (const host of hosts) await host.close();
    }
  },
};

type Digests = Readonly<Record<string, string>>;

async function makeFiles(dir: string): Promise<{ folder: string; digests: Digests }> {
  const folder = join(dir, 'files');
  await mkdir(folder, { recursive: true });
  const digests: Record<string, string> = {};
  for (const [name, size] of Object.entries(FILES)) {
    const bytes = randomBytes(size);
    await writeFile(join(folder, name), bytes);
    digests[name] = createHash('sha256').update(bytes).digest('hex');
  }
  return { folder, digests };
}

/** A site as it is started for users; the files are those of a release, as GRUB fetches them. */
function startSlipway(dir: string, folder: string, digests: Digests): Start {
  return async (host, address) => {
    const workDir = await mkdtemp(join(dir, 'tftp-'));
    const image = (name: FileName) => ({ source: `file://${join(folder, name)}`, sha256: digests[name], name });
    const spec = {
      networks: {
        nodes: { subnet: '10.80.0.0/16', pool: '10.80.16.0..10.80.250.255', lease: { firmware: '5m', os: '30m' } },
      },
      assets: { bench: { amd64: { kernel: image('loader'), initrds: [image('initramfs'), image('small')] } } },
      profiles: { live: { kind: 'live', boots: 'bench', cmdline: { console: 'ttyS0' } } },
      hardware: { any: { match: { manufacturer: 'Any' }, arch: 'amd64' } },
      slots: { 'node-1': { profile: 'live', hardware: 'any', match: [{ mac: '52:54:00:00:00:01' }] } },
    };
    // JSON is YAML.
    const text = JSON.stringify({ apiVersion: 'slipway/v1', kind: 'SiteTemplate', metadata: { name: 'bench' }, spec });
    const template = join(workDir, 'bench.yaml');
    await writeFile(template, text);
    const config = `site: bench\ninterfaces: { nodes: eth0 }\ntemplate: ${template}\n`;
    const rival = await startSite({ workDir, config, on: (argv) => host.argv(...argv) });
    const nameOf = (file: FileName) => `assets/sha256/${digests[file]}/${file}`;
    for (const file of Object.keys(FILES) as FileName[]) await untilServed(host, address, nameOf(file));
    // Its first looks around, and for loaders that are not to be had here, are over: nobody measures a start.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return { rival, nameOf };
  };
}

/** The files are copied and verified before they are served. */
async function untilServed(host: Host, address: string, name: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const url = `http://${address}/${name}`;
    const status = await host.exec(['curl', '-s', '-I', '-o', '/dev/null', '-w', '%{http_code}', url]).catch(() => '');
    if (status === '200') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the site did not take ${name} over in time`);
}

function rivals({ programs }: Bench, folder: string): Record<string, Start> {
  const argvs: Record<string, (address: string) => Argv> = {
    'tftpd-hpa': (address) => [programs['tftpd-hpa'], '-L', '-4', '-a', `${address}:69`, '-u', 'root', '-s', folder],
    atftpd: (address) => [
      programs.atftpd,
      ...['--daemon', '--no-fork', '--bind-address', address, '--port', '69'],
      ...['--user', 'root', '--group', 'root', '--maxthread', '256', '--logfile', '/dev/null', folder],
    ],
    dnsmasq: () => [
      'dnsmasq',
      ...['--keep-in-foreground', '--port=0', '--conf-file=/dev/null', '--user=root', '--interface=eth0'],
      ...['--enable-tftp', `--tftp-root=${folder}`, '--tftp-max=256'],
    ],
  };
  const startOf =
    (argvFor: (address: string) => Argv): Start =>
    async (host, address) => ({
      rival: await startRival(host.argv(...argvFor(address)), () => listens((of) => host.exec(of), 'udp', 69)),
    });
  return Object.fromEntries(Object.entries(argvs).map(([name, argvFor]) => [name, startOf(argvFor)]));
}

async function startServer(name: string, n: number, start: Start): Promise<Server> {
  const address = `10.80.2.${n}`;
  const host = await createHost(name.slice(0, 12), 'br0', { address: `${address}/16` });
  return { host, address, nameOf: (file) => file, ...(await start(host, address)) };
}

type Contest = {
  readonly what: string;
  readonly asked: Asked;
  readonly hosts: readonly Host[];
  readonly servers: Readonly<Record<string, Server>>;
};

async function compare(bench: Bench, { what, asked, hosts, servers }: Contest): Promise<Row> {
  const measures = Object.entries(servers).map(
    ([name, server]) => [name, () => measure(server, hosts, asked)] as const,
  );
  const figures = await inTurn(bench.rounds, Object.fromEntries(measures));
  const rate = (of: readonly Figures[] = []) => median(of.map(({ mbPerSecond }) => mbPerSecond));
  // A server that forks and forgets its children shows no CPU of theirs.
  const show = (of: readonly Figures[]) => {
    const cpu = median(of.map(({ cpuMsPerMb }) => cpuMsPerMb));
    const failed = of.reduce((sum, figure) => sum + figure.failed, 0);
    const notes = [
      ...(cpu < 0.5 ? [] : [`CPU ${cpu.toFixed(1)} ms/MB`]),
      ...(failed === 0 ? [] : [`${failed} failed`]),
    ];
    return `${rate(of).toFixed(0)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
  };
  const { slipway, ...others } = figures;
  return {
    what,
    reached: Object.fromEntries(Object.entries(figures).map(([name, of]) => [name, show(of)])),
    ratio: rate(slipway) / Math.max(...Object.values(others).map(rate)),
    goal: { atLeast: 1 },
  };
}

async function measure({ address, rival, nameOf }: Server, hosts: readonly Host[], asked: Asked): Promise<Figures> {
  const cpuBefore = await cpuSeconds(rival.pid);
  const startedAt = performance.now();
  const perHost = Math.ceil(asked.clients / hosts.length);
  const busy = hosts.slice(0, asked.clients / perHost);
  const failures = await Promise.all(
    busy.map((host) => host.exec(fetchArgv(address, nameOf(asked.file), asked, perHost))),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const failed = failures.reduce((sum, text) => sum + Number(text), 0);
  const mb = ((asked.clients - failed) * FILES[asked.file]) / 1e6;
  const cpuMs = ((await cpuSeconds(rival.pid)) - cpuBefore) * 1_000;
  return { mbPerSecond: mb / seconds, cpuMsPerMb: cpuMs / mb, failed };
}

/** So many clients at once; says how many of them failed. */
function fetchArgv(address: string, name: string, { windowSize }: Asked, clients: number): Argv {
  const options = ['--option', 'blksize 1456', '--option', `windowsize ${windowSize}`, '--option', 'timeout 2'];
  const fetch = ['atftp', ...options, '--get', '-r', name, '-l', '/dev/null', address, '69'];
  const start = 'n=$1; shift; while [ $n -gt 0 ]; do "$@" >&2 & p="$p $!"; n=$((n-1)); done';
  return [
    'sh',
    '-c',
    `${start}; f=0; for i in $p; do wait $i || f=$((f+1)); done; echo $f`,
    'sh',
    String(clients),
    ...fetch,
  ];
}

import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Argv } from '../../src/lab/command.ts';
import { createHost, type Host } from '../../src/lab/network.ts';
import { type Bench, inTurn, median, type Part, type Row } from './part.ts';
import { cpuSeconds, listens, type Rival, startRival } from './process.ts';

const MIB = 1024 * 1024;
/** An initramfs for one client, less for the slowest way; a large loader for each of a crowd. */
const FILES = { initramfs: 64 * MIB, loader: 16 * MIB, small: 2 * MIB } as const;
/** A site takes 16 transfers of one address at a time. */
const HOSTS = 20;
const CLIENTS_PER_HOST = 10;

type Asked = { readonly file: keyof typeof FILES; readonly windowSize: number; readonly clients: number };

const CASES: Readonly<Record<string, Asked>> = {
  'one client, window 1': { file: 'loader', windowSize: 1, clients: 1 },
  'one client, window 4': { file: 'initramfs', windowSize: 4, clients: 1 },
  'one client, window 16': { file: 'initramfs', windowSize: 16, clients: 1 },
  '200 clients, window 4': { file: 'small', windowSize: 4, clients: HOSTS * CLIENTS_PER_HOST },
};

type Figures = { readonly mbPerSecond: number; readonly cpuMsPerMb: number; readonly failed: number };
type Server = { readonly host: Host; readonly address: string; readonly rival: Rival };

/** Downloads by atftp, a client of nobody's here: each server on a host of its own, all with the same files. */
export const tftp: Part = {
  title: 'TFTP: MB/s (blksize 1456)',
  run: async (bench) => {
    const hosts: Host[] = [];
    const servers: Record<string, Server> = {};
    try {
      for (let i = 0; i < HOSTS; i++)
        hosts.push(await createHost(`tftp-${i}`, 'br0', { address: `10.80.1.${i + 1}/16` }));
      const folder = await makeFiles(bench.dir);
      for (const [name, argv] of Object.entries(contenders(bench, folder)))
        servers[name] = await startServer(name, Object.keys(servers).length + 1, argv);
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

async function makeFiles(dir: string): Promise<string> {
  const folder = join(dir, 'files');
  await mkdir(folder, { recursive: true });
  for (const [name, size] of Object.entries(FILES)) await writeFile(join(folder, name), randomBytes(size));
  return folder;
}

function contenders({ dir, programs }: Bench, folder: string): Record<string, (address: string) => Promise<Argv>> {
  const room = join(import.meta.dirname, 'tftp-room.ts');
  return {
    slipway: async (address) => [process.execPath, room, address, folder, await mkdtemp(join(dir, 'tftp-'))],
    'tftpd-hpa': async (address) => [
      programs['tftpd-hpa'],
      '-L',
      '-4',
      '-a',
      `${address}:69`,
      '-u',
      'root',
      '-s',
      folder,
    ],
    atftpd: async (address) => [
      programs.atftpd,
      ...['--daemon', '--no-fork', '--bind-address', address, '--port', '69'],
      ...['--user', 'root', '--group', 'root', '--maxthread', '256', '--logfile', '/dev/null', folder],
    ],
    dnsmasq: async () => [
      'dnsmasq',
      ...['--keep-in-foreground', '--port=0', '--conf-file=/dev/null', '--user=root', '--interface=eth0'],
      ...['--enable-tftp', `--tftp-root=${folder}`, '--tftp-max=256'],
    ],
  };
}

async function startServer(name: string, n: number, argvFor: (address: string) => Promise<Argv>): Promise<Server> {
  const address = `10.80.2.${n}`;
  const host = await createHost(name.slice(0, 12), 'br0', { address: `${address}/16` });
  const argv = host.argv(...(await argvFor(address)));
  return { host, address, rival: await startRival(argv, () => listens((of) => host.exec(of), 'udp', 69)) };
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

async function measure({ address, rival }: Server, hosts: readonly Host[], asked: Asked): Promise<Figures> {
  const cpuBefore = await cpuSeconds(rival.pid);
  const startedAt = performance.now();
  const perHost = Math.ceil(asked.clients / hosts.length);
  const busy = hosts.slice(0, asked.clients / perHost);
  const failures = await Promise.all(busy.map((host) => host.exec(fetchArgv(address, asked, perHost))));
  const seconds = (performance.now() - startedAt) / 1_000;
  const failed = failures.reduce((sum, text) => sum + Number(text), 0);
  const mb = ((asked.clients - failed) * FILES[asked.file]) / 1e6;
  const cpuMs = ((await cpuSeconds(rival.pid)) - cpuBefore) * 1_000;
  return { mbPerSecond: mb / seconds, cpuMsPerMb: cpuMs / mb, failed };
}

/** So many clients at once; says how many of them failed. */
function fetchArgv(address: string, { file, windowSize }: Asked, clients: number): Argv {
  const options = ['--option', 'blksize 1456', '--option', `windowsize ${windowSize}`, '--option', 'timeout 2'];
  const fetch = ['atftp', ...options, '--get', '-r', file, '-l', '/dev/null', address, '69'];
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

// How many 4-way exchanges a second, beside a rival in the same run: perfdhcp against this site and against dnsmasq, in
// turn, on one bridge. Prints ratios. usage: npm run bench   (needs the Debian packages of the wire tier)
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Argv, tied, toolEnvironment } from '../../src/lab/command.ts';
import { enterNamespace, isInsideNamespace } from '../../src/lab/namespace.ts';
import { createBridge, createHost, type Host } from '../../src/lab/network.ts';
import { startSite } from '../../src/lab/site-process.ts';

const rates = [200, 500, 1000, 2000];
const seconds = 6;
const rounds = 3;

if (isInsideNamespace()) await bench();
else process.exitCode = await enterNamespace([process.execPath, import.meta.filename]);

type Figures = { readonly reached: number; readonly dropPercent: number; readonly delayMs: number };

async function bench(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  await createBridge('br0', '10.80.0.1/16');
  const client = await createHost('client', 'br0', { address: '10.80.0.2/16' });
  const rows: string[] = [];
  try {
    for (const rate of rates) rows.push(await compare(rate, dir, client));
  } finally {
    await client.close();
    await rm(dir, { recursive: true, force: true });
  }
  process.stdout.write(`\nexchanges/s, median of ${rounds} rounds of ${seconds} s\n`);
  process.stdout.write('offered  slipway (drops, delay)      dnsmasq (drops, delay)      slipway/dnsmasq\n');
  for (const row of rows) process.stdout.write(`${row}\n`);
}

async function compare(rate: number, dir: string, client: Host): Promise<string> {
  const ours: Figures[] = [];
  const theirs: Figures[] = [];
  // In turn, so that a machine that becomes slower does so for both.
  for (let round = 0; round < rounds; round++) {
    ours.push(await withSlipway(dir, () => perfdhcp(client, rate)));
    theirs.push(await withDnsmasq(dir, () => perfdhcp(client, rate)));
    process.stdout.write('.');
  }
  const [a, b] = [median(ours), median(theirs)];
  const show = (f: Figures): string =>
    `${f.reached.toFixed(0)} (${f.dropPercent.toFixed(1)} %, ${f.delayMs.toFixed(1)} ms)`;
  return `${String(rate).padEnd(8)} ${show(a).padEnd(27)} ${show(b).padEnd(27)} ${(a.reached / b.reached).toFixed(2)}`;
}

async function withSlipway(dir: string, work: () => Promise<Figures>): Promise<Figures> {
  const template = join(dir, 'bench.yaml');
  const network = '{ subnet: 10.80.0.0/16, pool: "10.80.16.0..10.80.250.255", lease: { firmware: 5m, os: 30m } }';
  await writeFile(
    template,
    `apiVersion: slipway/v1\nkind: SiteTemplate\nmetadata: { name: bench }\nspec: { networks: { nodes: ${network} } }\n`,
  );
  const site = await startSite({
    workDir: await mkdtemp(join(dir, 'site-')),
    config: `site: bench\ninterfaces: { nodes: br0 }\ntemplate: ${template}\n`,
  });
  try {
    return await work();
  } finally {
    await site.stop();
  }
}

async function withDnsmasq(dir: string, work: () => Promise<Figures>): Promise<Figures> {
  const leases = join(await mkdtemp(join(dir, 'dnsmasq-')), 'leases');
  const flags = [
    '--keep-in-foreground',
    '--port=0',
    '--no-ping',
    '--interface=br0',
    '--bind-interfaces',
    '--user=root',
    '--conf-file=/dev/null',
  ];
  const range = '--dhcp-range=10.80.16.0,10.80.250.255,255.255.0.0,30m';
  const server = start(['dnsmasq', ...flags, range, '--dhcp-lease-max=70000', `--dhcp-leasefile=${leases}`]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  try {
    return await work();
  } finally {
    server.kill('SIGTERM');
    await new Promise((resolve) => server.once('exit', resolve));
  }
}

async function perfdhcp(client: Host, rate: number): Promise<Figures> {
  const seed = Math.floor(Math.random() * 1e6);
  const flags = [
    '-4',
    '-r',
    `${rate}`,
    '-p',
    `${seconds}`,
    '-R',
    '50000',
    '-W',
    '1000000',
    '-s',
    `${seed}`,
    '-l',
    '10.80.0.2',
  ];
  const child = start(client.argv('perfdhcp', ...flags, '10.80.0.1'));
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => child.once('close', resolve));
  return parse(text);
}

function parse(text: string): Figures {
  const numbers = (pattern: RegExp): number[] => [...text.matchAll(pattern)].map((match) => Number(match[1]));
  const [reached = 0] = numbers(/Rate: ([\d.]+) 4-way/g);
  const drops = numbers(/drops ratio: ([\d.]+) %/g);
  const delays = numbers(/avg delay: ([\d.]+) ms/g);
  return { reached, dropPercent: Math.max(0, ...drops), delayMs: delays.reduce((sum, delay) => sum + delay, 0) };
}

function median(figures: readonly Figures[]): Figures {
  const sorted = [...figures].sort((a, b) => a.reached - b.reached);
  return sorted[Math.floor(sorted.length / 2)] ?? { reached: 0, dropPercent: 100, delayMs: 0 };
}

function start(argv: Argv): ReturnType<typeof spawn> {
  const [program, ...args] = tied(argv);
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: toolEnvironment() });
}

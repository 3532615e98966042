import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Argv } from '../../src/lab/command.ts';
import { createHost, type Host } from '../../src/lab/network.ts';
import { startSite } from '../../src/lab/site-process.ts';
import { nginxArgv } from './nginx.ts';
import { type Bench, inTurn, median, type Part, type Row } from './part.ts';
import { cpuSeconds, listens, peakMemory, type Rival, startRival } from './process.ts';

const MIB = 1024 * 1024;
const SIZE_BYTES = 512 * MIB;
/** A site takes 48 connections of one address. */
const HOSTS = 5;
/** Clients at once, and how much each of them fetches: so that all cases take about as long. */
const CASES = [
  { clients: 1, times: 4 },
  { clients: 10, times: 1 },
  { clients: 50, times: 1 },
] as const;

type Case = (typeof CASES)[number];
type Figures = { readonly mbPerSecond: number; readonly cpuPerGb: number };
type Server = { readonly host: Host; readonly rival: Rival; readonly url: string };

/** Downloads of one file by curl: a whole site and nginx with sendfile, each on a host of its own. */
export const http: Part = {
  title: 'HTTP: MB/s of a file of 512 MiB',
  run: async (bench) => {
    const hosts: Host[] = [];
    const servers: Record<string, Server> = {};
    try {
      for (let i = 0; i < HOSTS; i++)
        hosts.push(await createHost(`http-${i}`, 'br0', { address: `10.80.3.${i + 1}/16` }));
      const folder = join(bench.dir, 'images');
      await mkdir(folder, { recursive: true });
      const digest = await makeImage(folder);
      servers['slipway'] = await startSlipway(bench.dir, folder, digest);
      servers['nginx'] = await startNginx(bench, folder);
      const rows: Row[] = [];
      for (const one of CASES) rows.push(...(await compare(bench, one, hosts, servers)));
      const [memory = 0, theirs = 0] = await Promise.all(
        Object.values(servers).map(({ rival }) => peakMemory(rival.pid)),
      );
      const reached = { slipway: `${memory.toFixed(0)} MiB`, nginx: `${theirs.toFixed(0)} MiB` };
      return [...rows, { what: 'most memory, of 300 MiB', reached, ratio: memory / 300, goal: { atMost: 1 } }];
    } finally {
      for (const { rival, host } of Object.values(servers)) {
        await rival.stop();
        await host.close();
      }
      for (const host of hosts) await host.close();
    }
  },
};

async function makeImage(folder: string): Promise<string> {
  // Not random to the last byte: nothing on the way looks at them.
  const bytes = Buffer.alloc(SIZE_BYTES, randomBytes(MIB + 1));
  await writeFile(join(folder, 'image'), bytes);
  return createHash('sha256').update(bytes).digest('hex');
}

async function startSlipway(dir: string, folder: string, digest: string): Promise<Server> {
  const host = await createHost('slipway', 'br0', { address: '10.80.4.1/16' });
  const workDir = await mkdtemp(join(dir, 'site-'));
  const template = join(workDir, 'bench.yaml');
  const image = { source: `file://${join(folder, 'image')}`, sha256: digest, name: 'image' };
  const spec = {
    networks: {
      nodes: { subnet: '10.80.0.0/16', pool: '10.80.16.0..10.80.250.255', lease: { firmware: '5m', os: '30m' } },
    },
    assets: { bench: { amd64: { kernel: image } } },
    profiles: { live: { kind: 'live', boots: 'bench', cmdline: { console: 'ttyS0' } } },
    hardware: { any: { match: { manufacturer: 'Any' }, arch: 'amd64' } },
    slots: { 'node-1': { profile: 'live', hardware: 'any', match: [{ mac: '52:54:00:00:00:01' }] } },
  };
  // JSON is YAML.
  const text = JSON.stringify({ apiVersion: 'slipway/v1', kind: 'SiteTemplate', metadata: { name: 'bench' }, spec });
  await writeFile(template, text);
  const config = `site: bench\ninterfaces: { nodes: eth0 }\ntemplate: ${template}\n`;
  const rival = await startSite({ workDir, config, on: (argv) => host.argv(...argv) });
  const url = `http://10.80.4.1/assets/sha256/${digest}/image`;
  await untilServed(host, url);
  return { host, rival, url };
}

/** The file is copied and verified before it is served. */
async function untilServed(host: Host, url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const status = await host.exec(['curl', '-s', '-I', '-o', '/dev/null', '-w', '%{http_code}', url]).catch(() => '');
    if (status === '200') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the site did not take the file over in time');
}

async function startNginx({ dir, programs }: Bench, folder: string): Promise<Server> {
  const host = await createHost('nginx', 'br0', { address: '10.80.4.2/16' });
  const workDir = await mkdtemp(join(dir, 'nginx-'));
  const argv = await nginxArgv(programs.nginx, { workDir, root: folder, address: '10.80.4.2' });
  const rival = await startRival(host.argv(...argv), () => listens((of) => host.exec(of), 'tcp', 80));
  return { host, rival, url: 'http://10.80.4.2/image' };
}

async function compare(
  bench: Bench,
  one: Case,
  hosts: readonly Host[],
  servers: Record<string, Server>,
): Promise<Row[]> {
  const measures = Object.entries(servers).map(
    ([name, server]) => [name, () => measureDownloads({ ...server, sizeBytes: SIZE_BYTES }, one, hosts)] as const,
  );
  const figures = await inTurn(bench.rounds, Object.fromEntries(measures));
  const middle = (name: string, key: keyof Figures) => median((figures[name] ?? []).map((figure) => figure[key]));
  const reached = (key: keyof Figures, digits: number) =>
    Object.fromEntries(Object.keys(figures).map((name) => [name, middle(name, key).toFixed(digits)]));
  const ratio = (key: keyof Figures) => middle('slipway', key) / middle('nginx', key);
  const what = one.clients === 1 ? 'one client' : `${one.clients} clients`;
  return [
    { what, reached: reached('mbPerSecond', 0), ratio: ratio('mbPerSecond'), goal: { atLeast: 0.95 } },
    { what: `${what}: CPU s/GB`, reached: reached('cpuPerGb', 2), ratio: ratio('cpuPerGb'), goal: { atMost: 1.3 } },
  ];
}

/** What is downloaded, and the process that serves it. */
export type Served = { readonly rival: Rival; readonly url: string; readonly sizeBytes: number };

/** Downloads of one file by clients at once, over all `hosts`, each of which fetches it so often. */
export async function measureDownloads(
  { rival, url, sizeBytes }: Served,
  { clients, times }: { readonly clients: number; readonly times: number },
  hosts: readonly Host[],
): Promise<Figures> {
  const cpuBefore = await cpuSeconds(rival.pid);
  const startedAt = performance.now();
  const perHost = Math.ceil(clients / hosts.length);
  const busy = hosts.slice(0, Math.ceil(clients / perHost));
  const urls = Array.from({ length: times }, () => url);
  await Promise.all(busy.map((host) => host.exec(fetchArgv(urls, Math.min(perHost, clients)))));
  // Where they do not come out even, there are a few more clients.
  const gb = (busy.length * Math.min(perHost, clients) * times * sizeBytes) / 1e9;
  const seconds = (performance.now() - startedAt) / 1_000;
  return { mbPerSecond: (gb * 1_000) / seconds, cpuPerGb: ((await cpuSeconds(rival.pid)) - cpuBefore) / gb };
}

/** Without `--fail-early` only the last address counts. Who does not say that it reads OCI manifests gets none of docker-registry. */
export const CURL = [
  'curl',
  '-sf',
  '--fail-early',
  '-H',
  'Accept: application/vnd.oci.image.manifest.v1+json',
] as const;

/** So many clients at once, each of which fetches all of `urls`, one after the other; fails if one of them does. */
export function fetchArgv(urls: readonly string[], clients: number): Argv {
  const each = urls.flatMap((url) => ['-o', '/dev/null', url]);
  const script =
    'n=$1; shift; p=; while [ $n -gt 0 ]; do "$@" & p="$p $!"; n=$((n-1)); done; for i in $p; do wait $i || exit 1; done';
  return ['sh', '-c', script, 'sh', String(clients), ...CURL, ...each];
}

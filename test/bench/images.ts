import { createHost, type Host } from '../../src/lab/network.ts';
import { FakeRegistry } from '../../src/lab/upstream/fake-registry.ts';
import type { MadeBlob } from '../../src/lab/upstream/made-blob.ts';
import { type MadeImage, makeImage } from '../../src/lab/upstream/made-image.ts';
import { CURL, fetchArgv, measureDownloads } from './http.ts';
import { type ImageServer, startDockerRegistry, startNginx, startSlipway, type Upstreams } from './image-servers.ts';
import { type Bench, inTurn, median, type Part, type Row } from './part.ts';

const MIB = 1024 * 1024;
/** A site takes 48 connections of one address. */
const HOSTS = 4;
const CLIENTS = 8;
const CACHED = [
  { clients: 1, times: 4 },
  { clients: 10, times: 1 },
] as const;
/** The WAN of a store that is well off. */
const LINE_BYTES_PER_SECOND = 10 * MIB;
const REPOSITORY = 'pos/app';
/** How long the upstream takes for an answer, and what a mirror may add to that before its first byte. */
const ROUND_TRIP_MS = 100;
const FIRST_BYTE_MS = 50;

type Servers = Readonly<Record<string, ImageServer>>;
type Cold = { readonly seconds: number; readonly times: number };

/** Layers of images by curl: from the cache, and by many at once from a registry at the end of a slow line. */
export const images: Part = {
  title: 'images through a mirror',
  run: async (bench) => {
    const hosts: Host[] = [];
    const upstreams: Upstreams = {
      fast: await FakeRegistry.open({ address: '10.80.0.1' }),
      slow: await FakeRegistry.open({ address: '10.80.0.1', lineBytesPerSecond: LINE_BYTES_PER_SECOND }),
    };
    const started: ImageServer[] = [];
    const keep = (server: ImageServer): ImageServer => {
      started.push(server);
      return server;
    };
    try {
      for (let i = 0; i < HOSTS; i++)
        hosts.push(await createHost(`image-${i}`, 'br0', { address: `10.80.6.${i + 1}/16` }));
      const cached = putImage(upstreams.fast, 'cached', (bench.quick ? 64 : 512) * MIB);
      const mirrors = {
        slipway: keep(await startSlipway(bench.dir, upstreams)),
        'docker-registry': keep(await startDockerRegistry(bench, upstreams)),
      };
      const nginx = keep(await startNginx(bench, cached.path, cached.blob));
      const all = { ...mirrors, nginx };
      for (const server of Object.values(mirrors)) await warm(server, cached.path, upstreams.fast);
      const rows: Row[] = [];
      for (const one of CACHED) rows.push(...(await compareCached(bench, { ...one, ...cached }, hosts, all)));
      rows.push(...(await compareCold(bench, mirrors, hosts, upstreams.slow)));
      rows.push(await compareFirstByte(bench, mirrors, upstreams.slow));
      return rows;
    } finally {
      for (const { host, stop } of started) {
        await stop();
        await host.close();
      }
      for (const host of hosts) await host.close();
      for (const upstream of Object.values(upstreams)) await upstream.close();
    }
  },
};

type Put = { readonly image: MadeImage; readonly blob: MadeBlob; readonly path: string };

/** An image with one layer; `path` is that of the layer. Of each seed it is new to everybody. */
function putImage(upstream: FakeRegistry, seed: string, sizeBytes: number): Put {
  const image = makeImage({ seed, layers: [sizeBytes] });
  upstream.shelf.put(REPOSITORY, seed, image);
  const blob = image.blobs.at(-1);
  if (!blob) throw new Error('an image without a layer');
  return { image, blob, path: `${REPOSITORY}/blobs/${blob.digest}` };
}

/** Fetches until its registry is not asked any more: some put away what they fetched after they have sent it. */
async function warm({ host, urlOf }: ImageServer, path: string, upstream: FakeRegistry): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    upstream.ledger.clear();
    await host.exec([...CURL, '-o', '/dev/null', urlOf('fast', path)]);
    if (upstream.ledger.count({ what: 'blob', method: 'GET' }).requests === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('a mirror does not keep what it fetched');
}

async function compareCached(
  bench: Bench,
  { clients, times, blob, path }: (typeof CACHED)[number] & Put,
  hosts: readonly Host[],
  servers: Servers,
): Promise<Row[]> {
  const measures = Object.entries(servers).map(([name, { rival, urlOf }]) => {
    const served = { rival, url: urlOf('fast', path), sizeBytes: blob.sizeBytes };
    return [name, () => measureDownloads(served, { clients, times }, hosts)] as const;
  });
  const figures = await inTurn(bench.rounds, Object.fromEntries(measures));
  const middle = (name: string, key: 'mbPerSecond' | 'cpuPerGb') =>
    median((figures[name] ?? []).map((figure) => figure[key]));
  const reached = (key: 'mbPerSecond' | 'cpuPerGb', digits: number) =>
    Object.fromEntries(Object.keys(figures).map((name) => [name, middle(name, key).toFixed(digits)]));
  const beside = (other: string, key: 'mbPerSecond' | 'cpuPerGb') => middle('slipway', key) / middle(other, key);
  const what = `cached, ${clients === 1 ? 'one client' : `${clients} clients`}`;
  const [speed, cpu] = [reached('mbPerSecond', 0), reached('cpuPerGb', 2)];
  return [
    {
      what: `${what}: MB/s, beside nginx`,
      reached: speed,
      ratio: beside('nginx', 'mbPerSecond'),
      goal: { atLeast: 0.95 },
    },
    {
      ...{ what: `${what}: MB/s, beside docker-registry`, reached: speed },
      ...{ ratio: beside('docker-registry', 'mbPerSecond'), goal: { atLeast: 1 } },
    },
    { what: `${what}: CPU s/GB, beside nginx`, reached: cpu, ratio: beside('nginx', 'cpuPerGb'), goal: undefined },
    {
      ...{ what: `${what}: CPU s/GB, beside docker-registry`, reached: cpu },
      ...{ ratio: beside('docker-registry', 'cpuPerGb'), goal: { atMost: 1 } },
    },
  ];
}

async function compareCold(
  bench: Bench,
  mirrors: Servers,
  hosts: readonly Host[],
  upstream: FakeRegistry,
): Promise<Row[]> {
  const sizeBytes = (bench.quick ? 8 : 64) * MIB;
  let seed = 0;
  const pull = async ({ urlOf }: ImageServer, clients: number): Promise<Cold> => {
    seed += 1;
    const { path } = putImage(upstream, `cold-${seed}`, sizeBytes);
    upstream.ledger.clear();
    const urls = [`${REPOSITORY}/manifests/cold-${seed}`, path].map((of) => urlOf('slow', of));
    const startedAt = performance.now();
    const each = Math.ceil(clients / hosts.length);
    const busy = hosts.slice(0, Math.ceil(clients / each));
    await Promise.all(busy.map((host) => host.exec(fetchArgv(urls, each))));
    const seconds = (performance.now() - startedAt) / 1_000;
    return { seconds, times: upstream.ledger.count({ what: 'blob', method: 'GET' }).bytesSent / sizeBytes };
  };
  const measures = Object.entries(mirrors).flatMap(([name, server]) => [
    [`${name}: 1`, () => pull(server, 1)] as const,
    [`${name}: ${CLIENTS}`, () => pull(server, CLIENTS)] as const,
  ]);
  const figures = await inTurn(bench.rounds, Object.fromEntries(measures));
  const middle = (name: string, clients: number, key: keyof Cold) =>
    median((figures[`${name}: ${clients}`] ?? []).map((figure) => figure[key]));
  const longer = (name: string) => middle(name, CLIENTS, 'seconds') / middle(name, 1, 'seconds');
  const reached = (say: (name: string) => string) =>
    Object.fromEntries(Object.keys(mirrors).map((name) => [name, say(name)]));
  return [
    {
      what: `cold, ${CLIENTS} clients at once: how often the layer came over the line`,
      reached: reached((name) => middle(name, CLIENTS, 'times').toFixed(2)),
      ...{ ratio: middle('slipway', CLIENTS, 'times'), goal: { atMost: 1 } },
    },
    {
      what: 'their time, beside that of one client alone',
      reached: reached(
        (name) => `${middle(name, CLIENTS, 'seconds').toFixed(1)} s of ${middle(name, 1, 'seconds').toFixed(1)} s`,
      ),
      ...{ ratio: longer('slipway'), goal: { atMost: 1.1 } },
    },
  ];
}

/** The manifest was pulled before, as every client does. */
async function compareFirstByte(bench: Bench, mirrors: Servers, upstream: FakeRegistry): Promise<Row> {
  let seed = 0;
  const wait = async ({ host, urlOf }: ImageServer): Promise<number> => {
    seed += 1;
    const { path } = putImage(upstream, `first-${seed}`, MIB);
    await host.exec([...CURL, '-o', '/dev/null', urlOf('slow', `${REPOSITORY}/manifests/first-${seed}`)]);
    upstream.script([{ what: 'blob', does: { delayMs: ROUND_TRIP_MS } }]);
    const url = urlOf('slow', path);
    const said = await host.exec([...CURL, '-o', '/dev/null', '-w', '%{time_starttransfer}', url]);
    upstream.script([]);
    return Number(said) * 1_000;
  };
  const measures = Object.entries(mirrors).map(([name, server]) => [name, () => wait(server)] as const);
  const figures = await inTurn(bench.rounds * 3, Object.fromEntries(measures));
  const middle = (name: string) => median(figures[name] ?? []);
  return {
    what: `first byte of a layer, of ${ROUND_TRIP_MS} ms that its registry takes and ${FIRST_BYTE_MS} ms`,
    reached: Object.fromEntries(Object.keys(mirrors).map((name) => [name, `${middle(name).toFixed(0)} ms`])),
    ...{ ratio: middle('slipway') / (ROUND_TRIP_MS + FIRST_BYTE_MS), goal: { atMost: 1 } },
  };
}

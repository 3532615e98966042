import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { run } from '../../src/lab/command.ts';
import type { Host } from '../../src/lab/network.ts';
import { CONTAINERDS } from '../../src/lab/unpacked.ts';
import { FakeRegistry } from '../../src/lab/upstream/fake-registry.ts';
import { type MadeImage, makeImage } from '../../src/lab/upstream/made-image.ts';
import { askRaw } from '../wire/support/raw-http.ts';
import { must, sha256 } from '../wire/support/registry-world.ts';
import { runToEnd, SiteLab, slipway } from '../wire/support/site-lab.ts';
import { writeTemplate } from '../wire/support/template.ts';
import { type ImageClient, preparePodman, startContainerd } from './support/image-clients.ts';

const MIB = 1024 * 1024;
const PORT = 18_961;
const IMAGE = 'registry.test/pos/app:1.4';
const OTHER = 'registry.test/pos/other:1';
const BIG = 'registry.test/pos/big:1';
const lab = new SiteLab('br-pull', '10.96.0');
const image = makeImage({ seed: 'app', platforms: ['linux/amd64', 'linux/arm64'], layers: [300_000, 5 * MIB] });
const other = makeImage({ seed: 'other', platforms: ['linux/amd64', 'linux/arm64'], layers: [100_000] });
const big = makeImage({ seed: 'big', layers: [12 * MIB] });
const clients: ImageClient[] = [];
let upstream: FakeRegistry;
let node: Host;

/** What one platform of an image needs; a client may have more. */
const NEEDED = [image.top, must(image.manifests[1]), ...image.blobs.slice(0, 3)].map(({ digest }) => digest);
const [, ...LAYERS] = image.blobs.slice(0, 3);

async function openUpstream(lineBytesPerSecond?: number): Promise<void> {
  upstream = await FakeRegistry.open({ port: PORT, ...(lineBytesPerSecond && { lineBytesPerSecond }) });
  upstream.shelf.put('pos/app', '1.4', image);
  upstream.shelf.put('pos/other', '1', other);
  upstream.shelf.put('pos/big', '1', big);
}

beforeAll(async () => {
  await openUpstream();
  await lab.open();
  const images = `  images:
    upstreams: { registry.test: { url: "${upstream.origin}", repositories: ["pos/*"], access: anyone } }
    tagsFreshFor: 10s`;
  writeTemplate(lab, { more: images });
  node = await lab.host('node', { address: `${lab.net}.50/24` });
  await startSite();
  const etc = join(lab.workDir, 'client');
  const socket = ['--socket', lab.site?.socket ?? ''];
  const written = await slipway(['images', 'client-config', '--write', etc, '--no-fallback', ...socket]);
  expect(written).toMatchObject({ status: 0, err: '' });
  const certs = join(etc, 'etc/containerd/certs.d');
  for (const wanted of CONTAINERDS) clients.push(await startContainerd(wanted, node, certs));
  clients.push(await preparePodman(node, join(etc, 'etc/containers/registries.conf.d/50-slipway.conf')));
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await upstream.close();
  await lab.end();
});

async function startSite(): Promise<void> {
  await lab.start();
  const ping = () => runToEnd(node.argv('curl', '-sf', `http://${lab.address}:5000/v2/`)).then(({ out }) => out);
  await vi.waitFor(async () => expect(await ping()).toBe('{}'), { timeout: 20_000 });
}

/** All of them at once, each from nothing, and each has the same as the registry. */
async function pullAll(): Promise<void> {
  await Promise.all(
    clients.map(async (client) => {
      await client.wipe();
      await client.pull(IMAGE);
      const has = await client.digests(IMAGE);
      // podman shows a layer by the digest of what is unpacked, which is the same here, since they are not compressed.
      expect([client.name, NEEDED.filter((digest) => !has.has(digest))]).toEqual([client.name, []]);
    }),
  );
}

it('containerd 1.6, 1.7 and 2.1 and podman pull at once by what the site tells them, and each blob comes once', async () => {
  await pullAll();
  for (const { digest } of LAYERS)
    expect(upstream.ledger.count({ what: 'blob', method: 'GET', in: digest })).toMatchObject({ requests: 1 });
  // Of this one the site gets to know a single platform.
  await must(clients[0]).pull(OTHER);
});

it('a site that is killed at 70 % of a layer goes on where it was, and so does the client', async () => {
  await upstream.close();
  await openUpstream(6 * MIB);
  const layer = must(big.blobs[1]);
  const sent = () => upstream.ledger.count({ what: 'blob', in: layer.digest }).bytesSent;
  const client = must(clients[1]);
  const cut = client.pull(BIG).then(
    () => 'pulled',
    () => 'cut',
  );
  await expect.poll(sent, { interval: 5 }).toBeGreaterThan(0.7 * layer.sizeBytes);
  await lab.site?.stop('SIGKILL');
  const before = sent();
  expect(await cut).toBe('cut');
  upstream.ledger.clear();
  await startSite();
  await client.pull(BIG);
  expect((await client.digests(BIG)).has(layer.digest)).toBe(true);
  expect(sent()).toBeLessThanOrEqual(layer.sizeBytes - before + MIB);
});

it('with nothing but silence behind it, the site starts and serves everything that is whole', async () => {
  await run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', String(PORT), '-j', 'DROP']);
  const connections = upstream.connections;
  await lab.site?.stop('SIGKILL');
  await startSite();
  await pullAll();
  expect(upstream.connections).toBe(connections);
  const unknown = await askRaw(5000, { path: '/v2/registry.test/pos/app/manifests/9.9' }, lab.address);
  expect([unknown.status, unknown.headMs < 3_000]).toEqual([404, true]);
});

it('with its registry gone, a client has byte for byte what the registry had', async () => {
  await upstream.close();
  await pullAll();
  for (const blob of LAYERS as MadeImage['blobs']) {
    const { body } = await askRaw(5000, { path: `/v2/registry.test/pos/app/blobs/${blob.digest}` }, lab.address);
    expect(sha256(body)).toBe(blob.digest);
  }
});

it('a platform that is here is pulled though others of its index are not', async () => {
  const [, second, third, podman] = clients.map((client) => client.pull.bind(client));
  await second?.(OTHER);
  // The ctr of containerd 2 reads what the other platforms are, too, though it does not fetch them.
  await expect(third?.(OTHER)).rejects.toThrow('not found');
  await third?.(OTHER, '--skip-metadata');
  await podman?.(OTHER);
  const hidden = await askRaw(
    5000,
    { path: `/v2/registry.test/pos/other/manifests/${other.manifests[2]?.digest}` },
    lab.address,
  );
  expect(hidden.status).toBe(404);
});

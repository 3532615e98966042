import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/lab/network.ts';
import { FakeRegistry } from '../../src/lab/upstream/fake-registry.ts';
import { makeImage } from '../../src/lab/upstream/made-image.ts';
import type { SiteImages } from '../../src/wire/api/images.ts';
import { SimMachine } from './support/machine.ts';
import { runToEnd, SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const lab = new SiteLab('br-reg', '10.47.0');
const image = makeImage({ seed: 'app', platforms: ['linux/amd64', 'linux/arm64'], layers: [300_000, 2_000_000] });
const MAC = '52:54:00:47:00:50';
let upstream: FakeRegistry;
let node: Host;

beforeAll(async () => {
  upstream = await FakeRegistry.open();
  upstream.shelf.put('pos/app', '1.4', image);
  await lab.open();
  const images = `  images:
    upstreams: { registry.test: { url: "${upstream.origin}", repositories: ["pos/*"], access: anyone } }
    tagsFreshFor: 10s`;
  writeTemplate(lab, { more: images, slots: [{ name: 'pos-1', mac: MAC, host: 50 }] });
  const machine = await SimMachine.plugIn(lab, 'node', MAC);
  node = machine.host;
  await lab.start();
  lab.listen();
  await machine.dhcp();
});
afterAll(async () => {
  await upstream.close();
  await lab.end();
});

/** Pulls as a store's node does: the registry is the first part of the name. Gives the folder and the index in it. */
async function pull(name: string, ...flags: string[]): Promise<{ readonly layout: string; readonly index: string }> {
  const layout = join(lab.workDir, name);
  const source = `docker://${lab.address}:5000/registry.test/pos/app:1.4`;
  await node.exec([
    'skopeo',
    'copy',
    '--all',
    '--preserve-digests',
    '--src-tls-verify=false',
    ...flags,
    source,
    `oci:${layout}:1.4`,
  ]);
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    readonly manifests: readonly { readonly digest: string }[];
  };
  return { layout, index: manifests[0]?.digest ?? '' };
}

describe('skopeo', () => {
  it('pulls an image through the site, and each layer comes from its registry once', async () => {
    await expect
      .poll(() => runToEnd(node.argv('curl', '-sf', `http://${lab.address}:5000/v2/`)).then(({ out }) => out), {
        timeout: 10_000,
      })
      .toBe('{}');
    const { layout, index } = await pull('cold');
    expect(index).toBe(image.top.digest);
    for (const blob of image.blobs) {
      const hex = blob.digest.slice('sha256:'.length);
      expect(readFileSync(join(layout, 'blobs/sha256', hex)).length).toBe(blob.sizeBytes);
      expect(upstream.ledger.count({ what: 'blob', method: 'GET', in: hex })).toMatchObject({ requests: 1 });
    }
    // One entry in the timeline of the node, however many layers there are.
    const { sentence } = await lab.untilEvent('image-pulled', ({ slot }) => slot === 'pos-1');
    expect(sentence).toBe('pos-1 pulled registry.test/pos/app:1.4, 2.3 MB');
    expect(lab.events.filter(({ type }) => type === 'image-pulled').length).toBe(1);
  });

  it('pulls it again with its registry gone, byte for byte', async () => {
    await upstream.close();
    const { index } = await pull('offline');
    expect(index).toBe(image.top.digest);
    const metrics = await lab.metrics();
    const figure = (name: string): number =>
      Number(
        metrics
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1],
      );
    const fetched = figure('slipway_images_fetched_bytes_total{upstream="registry.test"}');
    // What was fetched once went out twice.
    expect(fetched).toBe([...image.blobs, ...image.manifests].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    expect(figure('slipway_images_sent_bytes_total')).toBeGreaterThan(2 * fetched - 1);
    expect(figure('slipway_images_saved_bytes')).toBe(figure('slipway_images_sent_bytes_total') - fetched);
    expect(figure('slipway_images_first_byte_seconds_count{here="yes"}')).toBeGreaterThanOrEqual(image.blobs.length);
    expect(figure('slipway_fills')).toBe(0);
    const seen = await lab.ask<SiteImages>('/api/v1/images');
    const came = new Map(seen.fetched.map(({ digest, bytes }) => [digest, bytes]));
    for (const { digest, sizeBytes } of [...image.blobs, ...image.manifests]) expect(came.get(digest)).toBe(sizeBytes);
  });
});

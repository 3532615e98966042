import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/lab/network.ts';
import { FakeRegistry } from '../../src/lab/upstream/fake-registry.ts';
import { makeImage } from '../../src/lab/upstream/made-image.ts';
import { runToEnd, SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const lab = new SiteLab('br-reg', '10.47.0');
const image = makeImage({ seed: 'app', platforms: ['linux/amd64', 'linux/arm64'], layers: [300_000, 2_000_000] });
let upstream: FakeRegistry;
let node: Host;

beforeAll(async () => {
  upstream = await FakeRegistry.open();
  upstream.shelf.put('pos/app', '1.4', image);
  await lab.open();
  const images = `  images:
    upstreams: { registry.test: { url: "${upstream.origin}", repositories: ["pos/*"], access: anyone } }
    tagsFreshFor: 10s`;
  writeTemplate(lab, { more: images });
  node = await lab.host('node', { address: `${lab.net}.50/24` });
  await lab.start();
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
  });

  it('pulls it again with its registry gone, byte for byte', async () => {
    await upstream.close();
    const { index } = await pull('offline');
    expect(index).toBe(image.top.digest);
  });
});

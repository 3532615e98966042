import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Host } from '../../src/lab/network.ts';
import { FakeRegistry } from '../../src/lab/upstream/fake-registry.ts';
import { makeImage } from '../../src/lab/upstream/made-image.ts';
import { findBlocks, outputMatches } from '../docs/console-blocks.ts';
import { runToEnd, SiteLab, sha256, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const OWN = 'test/wire/image-files.test.ts';
const lab = new SiteLab('br-imf', '10.57.0');
const image = makeImage({ seed: 'stick', platforms: ['linux/amd64', 'linux/arm64'], layers: [300_000, 1_500_000] });
let upstream: FakeRegistry;
let node: Host;

const images = (...words: string[]) => slipway(['images', ...words, '--socket', lab.site?.socket ?? '']);

beforeAll(async () => {
  upstream = await FakeRegistry.open();
  upstream.shelf.put('pos/app', '1.4', image);
  await lab.open();
  writeTemplate(lab, {
    more: `  images:
    upstreams:
      docker.io: { repositories: ["library/*"] }
      registry.example.com: { url: "${upstream.origin}", repositories: ["pos/*"] }
    tagsFreshFor: 10s`,
  });
  node = await lab.host('node', { address: `${lab.net}.50/24` });
  await lab.start();
  const isServed = () => runToEnd(node.argv('curl', '-sf', `http://${lab.address}:5000/v2/`));
  await vi.waitFor(async () => expect((await isServed()).out).toBe('{}'), { timeout: 10_000, interval: 100 });
});
afterAll(async () => {
  await upstream.close();
  await lab.end();
});

/** `skopeo` on the node, with the settings that the site gave for podman. */
const skopeo = (conf: string, ...args: string[]) => runToEnd(node.argv('skopeo', '--registries-conf', conf, ...args));

describe('client-config', () => {
  it('prints what the page shows', async () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../docs/use/mirror.md'), 'utf8');
    const shown = findBlocks(page.replaceAll('10.20.0.1', lab.address)).flatMap((block) =>
      block.kind === 'elsewhere' && block.testedBy.includes(OWN) ? block.steps : [],
    );
    const step = shown.find(({ command }) => command === 'slipway images client-config podman');
    const { out, err } = await images('client-config', 'podman');
    expect(err).toBe('');
    // The note of a registry with credentials is of the page's template alone.
    const without = step?.expected.slice(0, -2) ?? [];
    expect(outputMatches(without, out), out).toBe(true);
  });

  it('writes files by which skopeo finds the mirror, and no other way', async () => {
    const dir = join(lab.workDir, 'clients');
    const { out, err } = await images('client-config', '--write', dir, '--no-fallback');
    expect(err).toBe('');
    expect(out.split('\n').filter((line) => line.startsWith(dir))).toHaveLength(5);
    expect(existsSync(join(dir, 'etc/containerd/certs.d/docker.io/hosts.toml'))).toBe(true);
    const conf = join(dir, 'etc/containers/registries.conf.d/50-slipway.conf');
    const pulled = await skopeo(conf, 'inspect', '--raw', 'docker://registry.example.com/pos/app:1.4');
    expect(pulled.err).toBe('');
    expect(`sha256:${sha256(pulled.out)}`).toBe(image.top.digest);
  });

  it('says which networks there are', async () => {
    const { status, err } = await images('client-config', '--network', 'nowhere');
    expect([status, err]).toEqual([2, expect.stringContaining('expected a network of this site: nodes')]);
  });
});

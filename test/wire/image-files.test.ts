import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
  await untilServed();
});
afterAll(async () => {
  await upstream.close();
  await lab.end();
});

async function untilServed(): Promise<void> {
  const ask = () => runToEnd(node.argv('curl', '-sf', `http://${lab.address}:5000/v2/`));
  await vi.waitFor(async () => expect((await ask()).out).toBe('{}'), { timeout: 10_000, interval: 100 });
}

/** `skopeo` on the node, with the settings that the site gave for podman. */
const skopeo = (conf: string, ...args: string[]) => runToEnd(node.argv('skopeo', '--registries-conf', conf, ...args));

const NAME = 'registry.example.com/pos/app:1.4';
const file = (name: string) => join(lab.workDir, name);

/** What `skopeo` sees when it pulls from the site: the digest of what the tag means. */
async function pulledDigest(conf: string): Promise<string> {
  const { out, err } = await skopeo(conf, 'inspect', '--raw', `docker://${NAME}`);
  return err === '' ? `sha256:${sha256(out)}` : err;
}

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
    expect(await pulledDigest(conf)).toBe(image.top.digest);
  });

  it('says which networks there are', async () => {
    const { status, err } = await images('client-config', '--network', 'nowhere');
    expect([status, err]).toEqual([2, expect.stringContaining('expected a network of this site: nodes')]);
  });
});

describe('a stick', () => {
  const conf = () => file('clients/etc/containers/registries.conf.d/50-slipway.conf');
  const policy = () => lab.write('policy.json', '{"default":[{"type":"insecureAcceptAnything"}]}');
  const copy = (...words: string[]) =>
    skopeo(conf(), '--policy', policy(), 'copy', '--all', '--preserve-digests', ...words);

  it('takes what skopeo can read, with all of it', async () => {
    expect(await copy(`docker://${NAME}`, `oci:${file('pulled')}:x`)).toMatchObject({ status: 0 });
    const { status, out, err } = await images('export', file('images.tar'), NAME);
    expect([status, out]).toEqual([0, expect.stringMatching(/images\.tar has all of it: \d/)]);
    expect(err).toContain('90 %, ');
    expect(await copy(`oci-archive:${file('images.tar')}:${NAME}`, `oci:${file('unpacked')}:x`)).toMatchObject({
      status: 0,
    });
    for (const { digest } of [...image.manifests, ...image.blobs])
      expect(existsSync(file(`unpacked/blobs/sha256/${digest.slice(7)}`))).toBe(true);
  });

  it('fills a new store, with no registry there', async () => {
    const written = await copy(`docker://${NAME}`, `oci-archive:${file('skopeo.tar')}:1.4`);
    expect(written).toMatchObject({ status: 0 });
    await lab.site?.stop();
    await upstream.close();
    rmSync(lab.dataDir, { recursive: true });
    await lab.start();
    await untilServed();
    expect(await pulledDigest(conf())).toContain('manifest unknown');
    expect(await images('import', file('images.tar'))).toMatchObject({ status: 0, out: `${NAME} is here\n` });
    expect(await pulledDigest(conf())).toBe(image.top.digest);
    expect(await copy(`docker://${NAME}`, `oci:${file('again')}:x`)).toMatchObject({ status: 0 });
    expect(readdirSync(file('again/blobs/sha256')).sort()).toEqual(readdirSync(file('pulled/blobs/sha256')).sort());
  });

  it('may be of skopeo; what has no whole name is given one', async () => {
    const unnamed = await images('import', file('skopeo.tar'));
    expect([unnamed.status, unnamed.out]).toEqual([1, '1.4 was not taken: it has no full name: say one with --as\n']);
    const other = 'registry.example.com/pos/other:2';
    const { status, out, err } = await images('import', file('skopeo.tar'), '--as', other);
    expect([status, out, err]).toEqual([0, `${other} is here\n`, expect.any(String)]);
    const foreign = await images('import', file('skopeo.tar'), '--as', 'quay.io/org/app:1');
    expect(foreign.out).toContain('was not taken: the template names no such registry');
  });

  it('that was cut off, or is none, changes nothing and says so', async () => {
    const whole = readFileSync(file('images.tar'));
    lab.write('cut.tar', whole.subarray(0, whole.length / 2));
    expect(await images('import', file('cut.tar'))).toMatchObject({ status: 2, out: '' });
    expect((await images('import', file('none.tar'))).err).toContain('there is no ');
    expect((await images('export', file('no.tar'), 'registry.example.com/pos/none:1')).err).toContain('not here whole');
    expect(existsSync(file('no.tar.part'))).toBe(false);
  });

  it('is for who sits at the site', async () => {
    const url = `http://${lab.address}/api/v1/images/export?image=${NAME}`;
    const { out } = await runToEnd(node.argv('curl', '-s', url));
    expect(out).toContain('terminal-only');
  });
});

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tellSite } from '../../src/adapters/http/control-client.ts';
import { FakeRegistry } from '../../src/lab/upstream/fake-registry.ts';
import { makeImage } from '../../src/lab/upstream/made-image.ts';
import type { Event } from '../../src/model/event.ts';
import type { CommandReply } from '../../src/wire/api/commands.ts';
import type { ImageCommand, ImageView, SiteImages } from '../../src/wire/api/images.ts';
import { SimMachine } from './support/machine.ts';
import { type Ended, SiteLab, sha256, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:2f:00:01';
const LINE = 300_000;
const lab = new SiteLab('br-wanted', '10.49.0');
const app = makeImage({ seed: 'app', platforms: ['linux/amd64', 'linux/arm64'], layers: [20_000, 1_000_000] });
const tool = makeImage({ seed: 'tool', layers: [1_500_000] });
/** The image of the platform that machines here have. */
const platform = app.manifests[1] ?? app.top;
let upstream: FakeRegistry;
let till: SimMachine;

const ask = (...args: string[]): Promise<Ended> => slipway(['images', ...args, '--socket', lab.site?.socket ?? '']);
const tell = async (command: ImageCommand, image: string): Promise<string> =>
  (await tellSite<CommandReply>(lab.site?.socket ?? '', `/api/v1/images/${command}`, { image })).sentence;
const script = (): Promise<string> => till.get(`/boot/script?mac=${MAC}`);
const images = async (): Promise<readonly ImageView[]> => (await lab.ask<SiteImages>('/api/v1/images')).images;
const told = async (type: string): Promise<readonly Event[]> =>
  (await lab.ask<{ readonly events: readonly Event[] }>(`/api/v1/events?type=${type}`)).events;
const requests = (hex: string): number => upstream.ledger.count({ what: 'blob', method: 'GET', in: hex }).requests;

beforeAll(async () => {
  upstream = await FakeRegistry.open({ lineBytesPerSecond: LINE });
  upstream.shelf.put('pos/app', '1.4', app);
  upstream.shelf.put('pos/tool', '3', tool);
  upstream.shelf.sign('pos/app', platform);
  await lab.open();
  writeTemplate(lab, {
    slots: [{ name: 'till-1', mac: MAC, host: 11, profile: 'needy' }],
    profiles: '    needy: { extends: [live], kind: live, requires: { images: [app] } }',
    more: `  images:
    upstreams: { registry.test: { url: "${upstream.origin}", repositories: ["pos/*"], access: anyone } }
    wanted: { app: { ref: "registry.test/pos/app:1.4" } }
  wan: { spread: 0s }`,
  });
  await lab.start();
  await lab.untilAssetsAreHere();
  till = await SimMachine.plugIn(lab, 'till', MAC);
  await till.dhcp();
});
afterAll(async () => {
  await upstream.close();
  await lab.end();
});

describe('a machine whose profile requires an image', () => {
  it('waits while its registry is slow, is told how far it is, and starts when all is here', async () => {
    await expect.poll(script).toMatch(/needy is not ready: image app: [1-9]?[0-9] %/);
    const [list, pulled] = await Promise.all([ask('list'), ask('pull', 'app')]);
    expect(list.out).toMatch(
      /^app +registry\.test\/pos\/app:1\.4 +linux\/amd64 +template +\d+ %, .* of 1\.0 MB; not ready without it: needy$/m,
    );
    const { status, out, err } = pulled;
    expect({ status, out }).toEqual({ status: 0, out: 'app: complete, 1.0 MB\n' });
    expect(err).toMatch(/^app: \d+ %, .* of 1\.0 MB$/m);
    expect(await script()).toMatch(/^boot\b/m);
    expect(await images()).toMatchObject([{ name: 'app', state: 'complete', requiredBy: ['needy'], fetching: false }]);
    // Of two platforms one is wanted, and of that each blob came once.
    const counts = app.blobs.map(({ digest }) => requests(digest.slice('sha256:'.length)));
    expect(counts).toEqual([1, 1, 1, 0, 0, 0]);
  });
});

describe('slipway images', () => {
  it('pins what no template wants, and a site that stops does not wait for it', async () => {
    expect(await tell('pin', 'registry.test/pos/tool:3')).toMatch(/^Image registry\.test\/pos\/tool:3 is kept here/);
    const tools = async () => (await images()).find(({ by }) => by === 'person');
    await expect.poll(async () => (await tools())?.percent ?? 0).toBeGreaterThan(2);
    const before = performance.now();
    await lab.site?.stop();
    expect(performance.now() - before).toBeLessThan(5_000);
    await lab.start();
    expect(await tools()).toMatchObject({ name: 'registry.test/pos/tool:3', platforms: ['linux/amd64'] });
    await tell('unpin', 'registry.test/pos/tool:3');
    expect(await tools()).toBeUndefined();
    expect((await told('image-pinned')).map(({ data }) => data?.['pinned'])).toEqual([true, false]);
  });

  it('verifies what is here, and has fetched anew what the disk spoiled', async () => {
    const hex = app.blobs[1]?.digest.slice('sha256:'.length) ?? '';
    const path = join(lab.dataDir, 'blobs', 'sha256', hex.slice(0, 2), hex);
    const bytes = readFileSync(path);
    chmodSync(path, 0o600);
    writeFileSync(path, bytes.fill(7, 10_000, 10_001));
    const { status, out } = await ask('verify');
    expect(out).toMatch(/^\d+ stored files were read, 1 damaged: out of the way, and fetched again where needed/);
    expect(status).toBe(1);
    await expect.poll(async () => (await images())[0]?.state).toBe('complete');
    expect(sha256(readFileSync(path))).toBe(hex);
  });

  it.each([
    ['pull', 'nothing', 'not-found', /slipway images list/],
    ['pin', 'quay.io/org/app:1', 'command-refused', /images\.upstreams of the template/],
    ['pin', 'Not An Image', 'usage-invalid', /such as registry\.example\.com/],
    ['unpin', 'registry.test/pos/other:1', 'not-found', /nobody keeps/],
  ] as const)('%s %s says what to do', async (command, image, code, message) => {
    await expect(tell(command, image)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('takes commands from the terminal of the site alone', async () => {
    const headers = ['-H', 'content-type: application/json', '-d', '{"image":"app"}'];
    const { out } = await till.curl('-X', 'POST', ...headers, till.url('/api/v1/images/pull'));
    expect(out).toContain('terminal-only');
  });
});

describe('with its registry silent', () => {
  it('a site that starts anew starts machines, has the signature, and tells nothing twice', async () => {
    await lab.site?.stop();
    upstream.script([{ does: { silent: true } }]);
    await lab.start();
    await expect.poll(script).toMatch(/^boot\b/m);
    const tag = `${platform.digest.replace(':', '-')}.sig`;
    const signature = await till.get(`:5000/v2/registry.test/pos/app/manifests/${tag}`);
    expect(JSON.parse(signature)).toMatchObject({ subject: { digest: platform.digest } });
    const [event, ...more] = await told('image-complete');
    expect(event?.sentence).toMatch(/^Image app \(registry\.test\/pos\/app:1\.4\) is here whole, 1\.0 MB: revision 1/);
    expect(more).toEqual([]);
  });
});

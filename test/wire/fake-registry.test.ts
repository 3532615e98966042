import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeRegistry, type RegistrySettings } from '../../src/lab/upstream/fake-registry.ts';
import type { Harm } from '../../src/lab/upstream/faults.ts';
import { makeBlob } from '../../src/lab/upstream/made-blob.ts';
import { makeImage } from '../../src/lab/upstream/made-image.ts';
import { openDeafServer, openSilentServer } from '../../src/lab/upstream/mute-servers.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));

const SIZE = 300_000;
const image = makeImage({ seed: 'app', platforms: ['linux/amd64', 'linux/arm64'], layers: [SIZE] });
const layer = image.blobs[1] ?? image.top;
const blobPath = `/v2/pos/app/blobs/${layer.digest}`;

async function start(settings: RegistrySettings = {}) {
  const registry = await FakeRegistry.open(settings);
  open.push(registry);
  registry.shelf.put('pos/app', '1.4', image);
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(registry.origin + path, { headers, method, redirect: 'manual' });
  return { registry, ask };
}

async function harmed(harm: Harm) {
  const { registry, ask } = await start({ script: [{ what: 'blob', does: harm }] });
  return { registry, get: (headers: Record<string, string> = {}) => ask(blobPath, headers) };
}

const sha256 = (bytes: ArrayBuffer) => `sha256:${createHash('sha256').update(Buffer.from(bytes)).digest('hex')}`;

describe('a fake registry that is well', () => {
  it('answers as the spec has it', async () => {
    const { registry, ask } = await start();
    expect((await ask('/v2/')).status).toBe(200);
    const head = await ask('/v2/pos/app/manifests/1.4', {}, 'HEAD');
    expect(head.headers.get('docker-content-digest')).toBe(image.top.digest);
    expect(head.headers.get('content-length')).toBe(String(image.top.sizeBytes));
    expect(sha256(await (await ask('/v2/pos/app/manifests/1.4')).arrayBuffer())).toBe(image.top.digest);
    const blob = await ask(blobPath);
    expect(sha256(await blob.arrayBuffer())).toBe(layer.digest);
    const unknown = await ask('/v2/pos/app/manifests/9');
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] }]);
    expect(await (await ask('/v2/pos/app/tags/list')).json()).toEqual({ name: 'pos/app', tags: ['1.4'] });
    expect(registry.ledger.count({ in: layer.digest })).toMatchObject({ requests: 1, bytesSent: layer.sizeBytes });
  });

  it('sends parts', async () => {
    const { ask } = await start();
    const part = await ask(blobPath, { range: 'bytes=1000-' });
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 1000-${layer.sizeBytes - 1}/${layer.sizeBytes}`,
    ]);
    expect((await part.arrayBuffer()).byteLength).toBe(layer.sizeBytes - 1000);
    const beyond = await ask(blobPath, { range: `bytes=${layer.sizeBytes}-` });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${layer.sizeBytes}`]);
  });

  it('lists what refers to an image, by the API or by the tag that stands in for it', async () => {
    for (const referrersApi of [true, false]) {
      const { registry, ask } = await start({ referrersApi });
      const signature = registry.shelf.refer('pos/app', image.top, 'application/x.sig');
      registry.shelf.sign('pos/app', image.top);
      const tag = image.top.digest.replace(':', '-');
      const path = referrersApi ? `referrers/${image.top.digest}` : `manifests/${tag}`;
      const answer = await ask(`/v2/pos/app/${path}`);
      expect(await answer.json()).toMatchObject({ manifests: [{ digest: signature.top.digest }] });
      expect((await ask(`/v2/pos/app/referrers/${image.top.digest}`)).status).toBe(referrersApi ? 200 : 404);
      expect((await ask(`/v2/pos/app/manifests/${tag}.sig`)).status).toBe(200);
    }
  });

  it('pages its tags', async () => {
    const { registry, ask } = await start({ tagsAtOnce: 2 });
    for (const tag of ['a', 'b', 'c']) registry.shelf.put('pos/app', tag, image);
    const first = await ask('/v2/pos/app/tags/list');
    expect(first.headers.get('link')).toBe('</v2/pos/app/tags/list?n=2&last=a>; rel="next"');
    const rest = await ask('/v2/pos/app/tags/list?n=5&last=a');
    expect(await rest.json()).toMatchObject({ tags: ['b', 'c'] });
  });
});

describe('its doors', () => {
  it('wants user and password', async () => {
    const { registry, ask } = await start({ door: { kind: 'basic', user: 'u', password: 'p' } });
    const refused = await ask('/v2/');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="a fake registry"']);
    expect((await ask('/v2/', { authorization: `Basic ${btoa('u:p')}` })).status).toBe(200);
    expect(registry.ledger.count()).toMatchObject({ requests: 2, withCredentials: 1 });
  });

  it('wants tokens of the right scope, in time', async () => {
    const { registry, ask } = await start({ door: { kind: 'bearer', account: { user: 'u', password: 'p' } } });
    const challenge = (await ask(blobPath)).headers.get('www-authenticate');
    expect(challenge).toContain(`realm="${registry.origin}/token"`);
    expect(challenge).toContain('scope="repository:pos/app:pull"');
    expect((await ask('/token?scope=repository:pos/app:pull')).status).toBe(401);
    const account = { authorization: `Basic ${btoa('u:p')}` };
    const tokenFor = async (scope: string) =>
      ((await (await ask(`/token?scope=${scope}`, account)).json()) as { token: string }).token;
    const bearer = async (scope: string) => ({ authorization: `Bearer ${await tokenFor(scope)}` });
    const right = await bearer('repository:pos/app:pull');
    expect((await ask(blobPath, right)).status).toBe(200);
    expect((await ask(blobPath, await bearer('repository:other:pull'))).status).toBe(401);
    registry.tokens.revokeAll();
    expect((await ask(blobPath, right)).status).toBe(401);
    expect(registry.ledger.count({ what: 'token' }).requests).toBe(3);
  });

  it('redirects to a place that refuses credentials, for a while', async () => {
    const { ask } = await start({ redirectsForMs: 200 });
    const location = (await ask(blobPath)).headers.get('location') ?? '';
    expect((await fetch(location, { headers: { authorization: 'x' } })).status).toBe(400);
    expect(sha256(await (await fetch(location)).arrayBuffer())).toBe(layer.digest);
    expect((await fetch(location.replace('signature=', 'signature=0'))).status).toBe(403);
    await sleep(250);
    expect((await fetch(location)).status).toBe(403);
  });
});

describe('what it does wrong', () => {
  it.each([
    ['resetAt', { resetAt: 200_000 }],
    ['endAt', { endAt: 200_000 }],
  ])('%s cuts the body', async (_name, harm) => {
    const { registry, get } = await harmed(harm);
    const response = await get();
    expect(response.headers.get('content-length')).toBe(String(layer.sizeBytes));
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(registry.ledger.count().bytesSent).toBe(200_000);
  });

  it('sends short, wrong, without length or in chunks', async () => {
    const short = await (await harmed({ shortTo: 1000 })).get();
    expect([short.headers.get('content-length'), (await short.arrayBuffer()).byteLength]).toEqual(['1000', 1000]);
    const wrong = new Uint8Array(await (await (await harmed({ wrongAt: 250_000 })).get()).arrayBuffer());
    const right = layer.slice(0, layer.sizeBytes);
    expect(wrong.findIndex((byte, i) => byte !== right[i])).toBe(250_000);
    for (const harm of [{ noLength: true }, { chunked: true }] as const) {
      const response = await (await harmed(harm)).get();
      expect(response.headers.get('content-length')).toBeNull();
      expect(response.headers.get('transfer-encoding')).toBe('chunked' in harm ? 'chunked' : null);
      expect(sha256(await response.arrayBuffer())).toBe(layer.digest);
    }
  });

  it('ignores ranges, and says other ranges than it sends', async () => {
    const ignored = await (await harmed({ ignoresRange: true })).get({ range: 'bytes=5-' });
    expect([ignored.status, (await ignored.arrayBuffer()).byteLength]).toEqual([200, layer.sizeBytes]);
    const off = await (await harmed({ rangeOff: 7 })).get({ range: 'bytes=5-' });
    expect(off.headers.get('content-range')).toMatch(/^bytes 12-/);
    await off.arrayBuffer();
  });

  it('says other things, as often as it was told', async () => {
    const { ask } = await start({
      script: [{ what: 'manifest', times: 1, does: { status: 429, headers: { 'retry-after': '7' } } }],
    });
    const busy = await ask('/v2/pos/app/manifests/1.4');
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '7']);
    expect((await ask('/v2/pos/app/manifests/1.4')).status).toBe(200);
  });

  it('is slow, late or silent', async () => {
    const slow = performance.now();
    await (await (await harmed({ bytesPerSecond: 1_500_000 })).get()).arrayBuffer();
    expect(performance.now() - slow).toBeGreaterThan(150);
    const late = performance.now();
    await (await (await harmed({ delayMs: 150 })).get()).arrayBuffer();
    expect(performance.now() - late).toBeGreaterThan(140);
    for (const harm of [{ silent: true }, { silentAt: 10 }] as const) {
      const { registry } = await harmed(harm);
      const url = registry.origin + blobPath;
      const whole = fetch(url, { signal: AbortSignal.timeout(200) }).then((response) => response.arrayBuffer());
      await expect(whole).rejects.toThrow(/timeout/);
      expect(registry.ledger.count().bytesSent).toBe('silent' in harm ? 0 : 10);
    }
  });

  it('shares one line among all', async () => {
    const { registry, ask } = await start({ lineBytesPerSecond: 3_000_000 });
    registry.shelf.putBlob('pos/app', makeBlob('x', SIZE));
    const started = performance.now();
    await Promise.all([1, 2].map(async () => (await ask(blobPath)).arrayBuffer()));
    expect(performance.now() - started).toBeGreaterThan(180);
    expect(registry.ledger.count({ what: 'blob' }).mostAtOnce).toBe(2);
  });
});

describe('servers without a voice', () => {
  it('accept and say nothing, or do not even accept', async () => {
    const [silent, deaf] = await Promise.all([openSilentServer(), openDeafServer()]);
    open.push(silent, deaf);
    const connects = (port: number) =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => end(true)).on('error', () => end(false));
        const timer = setTimeout(() => end(false), 400);
        const end = (is: boolean) => {
          clearTimeout(timer);
          socket.destroy();
          resolve(is);
        };
      });
    expect(await Promise.all([connects(silent.port), connects(deaf.port)])).toEqual([true, false]);
    await expect(fetch(`http://127.0.0.1:${silent.port}/`, { signal: AbortSignal.timeout(100) })).rejects.toThrow(
      /timeout/,
    );
  });
});

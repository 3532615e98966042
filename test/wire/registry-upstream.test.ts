import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { x509 } from '../../src/adapters/node/x509.ts';
import type { UpstreamName } from '../../src/kernel/image-name.ts';
import type { Harm } from '../../src/lab/upstream/faults.ts';
import { manifestOf } from '../../src/lab/upstream/made-image.ts';
import { openDeafServer, openSilentServer } from '../../src/lab/upstream/mute-servers.ts';
import {
  byDigest,
  closeAll,
  closeLater,
  deliver,
  digestOf,
  drain,
  failureIn,
  image,
  layer,
  repository,
  SIZE,
  sha256,
  shiftedClock,
  startClient,
  startWorld,
  tag,
} from './support/registry-world.ts';

afterAll(closeAll);

const PASSWORD = 'k9-very-secret';
const account = { user: 'pos', password: PASSWORD };
const credentials = async () => account;
const dataOf = (change: Harm) => ({ script: [{ what: 'blob', does: change }] as const });

describe.concurrent('manifests of a registry that is well', () => {
  it('come by tag and by digest, as they are', async () => {
    const { registry, upstream } = await startWorld();
    const byTag = await upstream.manifest(repository, tag);
    expect(byTag).toMatchObject({ ok: true, value: { digest: digestOf(image.top), mediaType: image.top.mediaType } });
    const bytes = byTag.ok ? byTag.value.bytes : new Uint8Array();
    expect(sha256(bytes)).toBe(image.top.digest);
    for (const child of image.manifests) expect((await upstream.manifest(repository, byDigest(child))).ok).toBe(true);
    const [first] = registry.ledger.seen();
    expect(first?.headers).toMatchObject({
      accept: expect.stringMatching(/oci\.image\.index.*list\.v2.*oci\.image\.manifest.*manifest\.v2/),
      'accept-encoding': 'identity',
    });
    expect(first?.url).toBe('/v2/pos/app/manifests/1.4');
    // Four requests: the next one may begin before the connection of the last one is put back.
    expect(registry.connections).toBeLessThan(4);
  });

  it('are looked up by HEAD, and another mirror is told for whom it stands', async () => {
    const { registry, upstream } = await startWorld({}, {}, { name: 'quay.io' as UpstreamName });
    expect(await upstream.head(repository, tag)).toEqual({ ok: true, value: { digest: digestOf(image.top) } });
    expect(registry.ledger.seen().map(({ method, url }) => `${method} ${url}`)).toEqual([
      'HEAD /v2/pos/app/manifests/1.4?ns=quay.io',
    ]);
  });

  it('lie behind a path, where the address of the registry has one', async () => {
    const { registry } = await startWorld();
    registry.shelf.put('proxy/pos/app', '1.4', image);
    const { upstream } = startClient(`${registry.origin}/proxy/`);
    expect((await upstream.manifest(repository, tag)).ok).toBe(true);
  });

  it('are known to be missing', async () => {
    const { upstream } = await startWorld();
    const missing = await upstream.manifest(repository, { kind: 'tag', tag: '9' as never });
    expect(failureIn(missing)).toEqual({
      kind: 'unknown',
      because: 'says 404 MANIFEST_UNKNOWN: so it was wanted',
    });
    expect(failureIn(await upstream.head(repository, { kind: 'tag', tag: '9' as never })).kind).toBe('unknown');
  });

  it('come over TLS from a registry of the own authority, and from no other', async () => {
    const now = Date.now();
    const validity = { notBefore: now - 60_000, notAfter: now + 600_000 };
    const [rootKey, key] = [x509.createKey(), x509.createKey()];
    const root = await x509.createRoot({ name: 'root', key: rootKey, validity });
    const leaf = {
      role: 'server' as const,
      hosts: ['127.0.0.1'],
      publicKey: x509.publicKeyOf(key).publicKey,
      validity,
    };
    const certificate = await x509.issue(leaf, { key: rootKey, certificate: root });
    const pem = (der: Uint8Array) =>
      `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
    const { registry, upstream } = await startWorld({ tls: { key, cert: pem(certificate) } }, {}, { ca: pem(root) });
    expect((await upstream.manifest(repository, tag)).ok).toBe(true);
    const stranger = startClient(registry.origin).upstream;
    expect(failureIn(await stranger.manifest(repository, tag)).because).toMatch(/certificate that is not trusted/);
  });
});

describe.concurrent('lists', () => {
  it('of tags are read to their end', async () => {
    const { registry, upstream } = await startWorld({ tagsAtOnce: 2 });
    for (const name of ['a', 'b', 'c', 'd']) registry.shelf.put('pos/app', name, image);
    expect(await upstream.tags(repository)).toEqual({ ok: true, value: ['1.4', 'a', 'b', 'c', 'd'] });
    expect(registry.ledger.count({ what: 'tags' }).requests).toBe(3);
  });

  it.for([true, false])(
    'of what refers to an image come with the API (%s) or by a tag',
    async (referrersApi, { expect }) => {
      const { registry, upstream } = await startWorld({ referrersApi });
      expect(await upstream.referrers(repository, digestOf(image.top))).toEqual({ ok: true, value: [] });
      const signature = registry.shelf.refer('pos/app', image.top, 'application/x.sig');
      expect(await upstream.referrers(repository, digestOf(image.top))).toMatchObject({
        value: [{ digest: digestOf(signature.top), artifactType: 'application/x.sig' }],
      });
    },
  );
});

describe.concurrent('registries with a door', () => {
  it('are shown user and password only when they ask', async () => {
    const { registry, upstream } = await startWorld({ door: { kind: 'basic', ...account } }, { credentials });
    for (let i = 0; i < 3; i++) expect((await upstream.manifest(repository, tag)).ok).toBe(true);
    expect(registry.ledger.count()).toMatchObject({ requests: 4, withCredentials: 3 });
  });

  it('give one token for all who come at once, and for all who come later', async () => {
    const { registry, upstream } = await startWorld({ door: { kind: 'bearer', account } }, { credentials });
    const many = await Promise.all(Array.from({ length: 20 }, () => upstream.head(repository, tag)));
    expect(many.every((each) => each.ok)).toBe(true);
    expect((await upstream.manifest(repository, tag)).ok).toBe(true);
    expect(registry.ledger.count({ what: 'token' })).toMatchObject({ requests: 1, withCredentials: 1 });
    registry.tokens.revokeAll();
    expect((await upstream.manifest(repository, tag)).ok).toBe(true);
    expect(registry.ledger.count({ what: 'token' }).requests).toBe(2);
  });

  it('need nobody to have an account, and may call their token as OAuth does', async () => {
    const { registry, upstream } = await startWorld({ door: { kind: 'bearer', field: 'access_token' } });
    expect((await upstream.manifest(repository, tag)).ok).toBe(true);
    expect(registry.ledger.count({ what: 'token' }).withCredentials).toBe(0);
  });

  it('get a new token before the old one is over', async () => {
    const clock = shiftedClock();
    const { registry, upstream } = await startWorld({ door: { kind: 'bearer', expiresIn: 300 } }, { clock });
    await upstream.manifest(repository, tag);
    clock.skip(289_000);
    await upstream.manifest(repository, tag);
    expect(registry.ledger.count({ what: 'token' }).requests).toBe(1);
    clock.skip(2_000);
    await upstream.manifest(repository, tag);
    expect(registry.ledger.count({ what: 'manifest' }).requests).toBe(4);
    expect(registry.ledger.count({ what: 'token' }).requests).toBe(2);
  });

  it('do not get credentials sent to somebody else', async () => {
    const { registry: thief } = await startWorld();
    const realm = `http://localhost:${new URL(thief.origin).port}/token`;
    const { upstream } = await startWorld({ door: { kind: 'bearer', realm } }, { credentials });
    expect(failureIn(await upstream.manifest(repository, tag))).toMatchObject({
      kind: 'wrong',
      because: expect.stringMatching(/^names localhost:\d+ as its token service/),
    });
    expect(thief.ledger.count().requests).toBe(0);
    const allowed = await startWorld({ door: { kind: 'bearer', realm } }, {}, { tokenHosts: ['localhost'] });
    await allowed.upstream.manifest(repository, tag);
    expect(thief.ledger.count({ what: 'token' }).requests).toBe(1);
  });

  it.for(['basic', 'bearer'] as const)(
    'refuse who has the wrong password (%s), and nobody hears it',
    async (kind, { expect }) => {
      const right = { user: 'pos', password: 'another' };
      const door = kind === 'basic' ? { kind, ...right } : { kind, account: right };
      const { upstream, logged } = await startWorld({ door }, { credentials });
      const failure = failureIn(await upstream.manifest(repository, tag));
      expect(failure.kind).toBe('refused');
      const delivery = deliver(upstream.blobSource(repository, digestOf(layer)));
      const error = await delivery.catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ code: 'registry-refused' });
      const said = `${JSON.stringify(failure)} ${String(error)} ${logged()}`;
      for (const secret of [PASSWORD, btoa(`pos:${PASSWORD}`)]) expect(said).not.toContain(secret);
    },
  );

  it('are refused where the secret cannot be read', async () => {
    const broken = () => Promise.reject(new Error(PASSWORD));
    const { upstream } = await startWorld({ door: { kind: 'basic', ...account } }, { credentials: broken });
    const failure = failureIn(await upstream.manifest(repository, tag));
    expect(failure).toEqual({ kind: 'refused', because: 'the credentials for it cannot be read here' });
  });
});

describe.concurrent('manifests of a registry that misbehaves', () => {
  it('come by GET where HEAD is not known, or says no digest', async () => {
    for (const does of [{ status: 405 }, { headers: { 'docker-content-digest': '' } }]) {
      const { registry, upstream } = await startWorld({ script: [{ method: 'HEAD', does }] });
      const head = await upstream.head(repository, tag);
      expect(head).toMatchObject({ ok: true, value: { digest: digestOf(image.top), fetched: {} } });
      expect(registry.ledger.seen().map((each) => each.method)).toEqual(['HEAD', 'GET']);
    }
  });

  it.for([
    ['wrong bytes', { wrongAt: 20 }, 'wrong', /of sha256/],
    ['a short one that looks whole', { shortTo: 50 }, 'wrong', /of sha256/],
    ['a cut', { resetAt: 50 }, 'unreachable', /cut off/],
    ['an early end', { endAt: 50 }, 'unreachable', /cut off/],
    ['a page of HTML', { status: 200 }, 'wrong', /manifest/],
    ['something else', { status: 400 }, 'wrong', /says 400/],
    ['an error of the registry', { status: 503 }, 'unreachable', /says 503/],
    ['an error about this one', { status: 500 }, 'wrong', /says 500/],
    ['a refusal', { status: 403 }, 'refused', /says 403/],
  ] as const)('are not taken if they are %s', async ([_name, does, kind, because], { expect }) => {
    const { upstream } = await startWorld({ script: [{ what: 'manifest', does }] });
    expect(failureIn(await upstream.manifest(repository, tag))).toEqual({
      kind,
      because: expect.stringMatching(because),
    });
  });

  it('are not read beyond 8 MiB', async () => {
    const { registry, upstream } = await startWorld();
    const fat = manifestOf(image.top.mediaType, { manifests: [], fat: 'x'.repeat(9 * 1024 * 1024) });
    registry.shelf.put('pos/app', 'fat', { top: fat, manifests: [fat], blobs: [] });
    expect(failureIn(await upstream.manifest(repository, { kind: 'tag', tag: 'fat' as never })).because).toMatch(
      /more than/,
    );
  });

  it('are left alone for as long as the registry wants', async () => {
    const { registry, upstream } = await startWorld({
      script: [{ times: 1, does: { status: 429, headers: { 'retry-after': '7' } } }],
    });
    expect(failureIn(await upstream.manifest(repository, tag))).toMatchObject({ kind: 'busy', retryAfterMs: 7_000 });
    const again = failureIn(await upstream.head(repository, tag));
    expect(again.kind).toBe('busy');
    expect(again.retryAfterMs).toBeGreaterThan(6_000);
    expect(registry.ledger.count().requests).toBe(1);
  });

  it('are left alone until the date that the registry names', async () => {
    const until = new Date(Date.now() + 20_000).toUTCString();
    const { registry, upstream } = await startWorld({
      script: [{ times: 1, does: { status: 503, headers: { 'retry-after': until } } }],
    });
    expect(failureIn(await upstream.manifest(repository, tag)).kind).toBe('unreachable');
    const { kind, retryAfterMs } = failureIn(await upstream.manifest(repository, tag));
    expect(kind).toBe('busy');
    expect(retryAfterMs).toBeGreaterThan(15_000);
    expect(registry.ledger.count().requests).toBe(1);
  });

  it('say how much the registry still gives', async () => {
    const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' };
    const { upstream } = await startWorld({ script: [{ does: { headers } }] });
    expect(upstream.quota()).toBeUndefined();
    await upstream.head(repository, tag);
    expect(upstream.quota()).toEqual({ limit: 100, remaining: 76 });
  });

  it('come again after some errors, and cost nothing in between', async () => {
    const clock = shiftedClock();
    const { registry, upstream, logged } = await startWorld(
      { script: [{ times: 2, does: { status: 502 } }] },
      { clock },
    );
    for (let i = 0; i < 2; i++) expect(failureIn(await upstream.head(repository, tag)).because).toBe('says 502');
    const away = failureIn(await upstream.head(repository, tag));
    expect(away).toMatchObject({ kind: 'unreachable', retryAfterMs: expect.any(Number) });
    expect(registry.ledger.count().requests).toBe(2);
    clock.skip(away.retryAfterMs ?? 0);
    expect((await upstream.head(repository, tag)).ok).toBe(true);
    expect(logged()).toMatch(/does not answer.*answers again/);
  });
});

describe.concurrent('a registry without a voice', () => {
  it.for([
    ['accepts and says nothing', openSilentServer],
    ['does not even accept', openDeafServer],
  ] as const)('costs two seconds, then nothing, if it %s', async ([_name, openMute], { expect }) => {
    const mute = closeLater(await openMute());
    const { upstream } = startClient(`http://127.0.0.1:${mute.port}`);
    const started = performance.now();
    const both = await Promise.all([upstream.head(repository, tag), upstream.head(repository, tag)]);
    const tookMs = performance.now() - started;
    expect(both.map((each) => failureIn(each).because)).toEqual(Array(2).fill('does not answer within 2 s'));
    expect(tookMs).toBeGreaterThan(1_900);
    expect(tookMs).toBeLessThan(4_000);
    const again = performance.now();
    expect(failureIn(await upstream.head(repository, tag)).because).toMatch(/did not answer lately/);
    const error = await deliver(upstream.blobSource(repository, digestOf(layer))).catch((thrown: Error) => thrown);
    expect(String(error)).toMatch(/did not answer lately/);
    expect(performance.now() - again).toBeLessThan(200);
  });

  it('is not there at all, and says so', async () => {
    const { registry, upstream } = await startWorld();
    await registry.close();
    expect(failureIn(await upstream.manifest(repository, tag)).because).toBe('the server refuses the connection');
    const nameless = startClient('http://nowhere.invalid', {
      resolve: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })),
    });
    expect(failureIn(await nameless.upstream.manifest(repository, tag)).because).toMatch(
      /name of the server is unknown/,
    );
  });

  it('does not hold who gives up, and is not blamed for it', async () => {
    const { registry, upstream } = await startWorld({ script: [{ times: 3, does: { silent: true } }] });
    const failures = await Promise.all(
      [1, 2, 3].map(() => upstream.manifest(repository, tag, { signal: AbortSignal.timeout(50) })),
    );
    expect(failures.map((each) => failureIn(each).because)).toEqual(Array(3).fill('was given up'));
    expect((await upstream.manifest(repository, tag)).ok).toBe(true);
    expect(registry.ledger.count().requests).toBe(4);
  });

  it('is found again at the same place after it was away', async () => {
    const { registry, upstream } = await startWorld();
    expect((await upstream.head(repository, tag)).ok).toBe(true);
    const port = Number(new URL(registry.origin).port);
    await registry.close();
    const { registry: next } = await startWorld({ port });
    expect((await upstream.head(repository, tag)).ok).toBe(true);
    expect(next.connections).toBe(1);
  });
});

describe.concurrent('blobs', () => {
  it('come whole, with their size', async () => {
    const { upstream } = await startWorld();
    const source = upstream.blobSource(repository, digestOf(layer));
    expect(source.label).toMatch(/^127\.0\.0\.1:\d+\/pos\/app sha256:/);
    const delivery = await deliver(source);
    expect(delivery).toMatchObject({ startsAt: 0, sizeBytes: SIZE });
    expect(sha256((await drain(delivery)).bytes)).toBe(layer.digest);
    expect(await upstream.headBlob(repository, digestOf(layer))).toEqual({ ok: true, value: { sizeBytes: SIZE } });
  });

  it.for([
    ['a reset', { resetAt: 700_000 }],
    ['an end that looks like one', { endAt: 700_000 }],
  ] as const)('go on where %s cut them', async ([_name, does], { expect }) => {
    const { registry, upstream } = await startWorld({ script: [{ what: 'blob', times: 1, does }] });
    const source = upstream.blobSource(repository, digestOf(layer));
    const first = await drain(await deliver(source));
    expect(first.error?.message).toBe('the connection was cut off');
    expect(first.bytes.length).toBe(700_000);
    const second = await deliver(source, first.bytes.length);
    expect(second).toMatchObject({ startsAt: 700_000, sizeBytes: SIZE });
    expect(sha256(Buffer.concat([first.bytes, (await drain(second)).bytes]))).toBe(layer.digest);
    expect(registry.ledger.count({ what: 'blob' }).bytesSent).toBe(SIZE);
  });

  it('begin anew where ranges are ignored, and fail where they contradict', async () => {
    const ignores = await startWorld(dataOf({ ignoresRange: true }));
    const delivery = await deliver(ignores.upstream.blobSource(repository, digestOf(layer)), 1_000);
    expect(delivery).toMatchObject({ startsAt: 0, sizeBytes: SIZE });
    expect(sha256((await drain(delivery)).bytes)).toBe(layer.digest);
    const contradicts = await startWorld(dataOf({ rangeOff: 5 }));
    const source = contradicts.upstream.blobSource(repository, digestOf(layer));
    await expect(deliver(source, 1_000)).rejects.toThrow('sends another part than it was asked for');
    await expect(deliver(source, SIZE)).rejects.toThrow(/says 416/);
  });

  it.for([{ chunked: true }, { noLength: true }] as const)('come without a length (%o)', async (does, { expect }) => {
    const { upstream } = await startWorld(dataOf(does));
    const delivery = await deliver(upstream.blobSource(repository, digestOf(layer)));
    expect(delivery.sizeBytes).toBeUndefined();
    expect(sha256((await drain(delivery)).bytes)).toBe(layer.digest);
  });

  it('that fall silent fail in time, and a slow reader is not silence', async () => {
    const { upstream } = await startWorld({ script: [{ what: 'blob', times: 1, does: { silentAt: 200_000 } }] });
    const source = upstream.blobSource(repository, digestOf(layer));
    const silent = await drain(await deliver(source, 0, 300));
    expect([silent.bytes.length, silent.error?.message]).toEqual([200_000, 'says nothing for 0.3 s']);
    const delivery = await deliver(source, 0, 300);
    let isFirst = true;
    let sizeBytes = 0;
    for await (const chunk of delivery.chunks) {
      if (isFirst) await sleep(500);
      isFirst = false;
      sizeBytes += chunk.length;
    }
    expect(sizeBytes).toBe(SIZE);
  });

  it('are given up by whoever stops reading, and the connection with them', async () => {
    const { registry, upstream } = await startWorld({ lineBytesPerSecond: 1_000_000 });
    const delivery = await deliver(upstream.blobSource(repository, digestOf(layer)));
    for await (const _chunk of delivery.chunks) break;
    await expect.poll(() => registry.ledger.seen().every((each) => each.isOver)).toBe(true);
    expect(registry.ledger.count().bytesSent).toBeLessThan(SIZE);
  });

  it.for([
    [404, 'image-unknown'],
    [403, 'registry-refused'],
  ] as const)('that are not to be had (%i) say so with a code', async ([status, code], { expect }) => {
    const { upstream } = await startWorld(dataOf({ status }));
    const source = upstream.blobSource(repository, digestOf(layer));
    await expect(deliver(source)).rejects.toMatchObject({ code });
  });

  it('that fail for a while are no matter of codes', async () => {
    const { upstream } = await startWorld(dataOf({ status: 503 }));
    const error = await deliver(upstream.blobSource(repository, digestOf(layer))).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'Error', message: 'says 503 UNKNOWN: so it was wanted' });
  });
});

describe.concurrent('redirects', () => {
  it('carry no credentials, and are made anew for what is left', async () => {
    const { registry, upstream } = await startWorld(
      {
        redirectsForMs: 300,
        door: { kind: 'bearer', account },
        script: [{ what: 'content', times: 1, does: { resetAt: 600_000 } }],
      },
      { credentials },
    );
    const source = upstream.blobSource(repository, digestOf(layer));
    const first = await drain(await deliver(source));
    expect(first.bytes.length).toBe(600_000);
    await sleep(350);
    const rest = await drain(await deliver(source, first.bytes.length));
    expect(sha256(Buffer.concat([first.bytes, rest.bytes]))).toBe(layer.digest);
    expect(registry.ledger.count({ what: 'content' })).toMatchObject({
      requests: 2,
      withCredentials: 0,
      bytesSent: SIZE,
    });
    // The first of them heard that it needs a token.
    expect(registry.ledger.count({ what: 'blob' })).toMatchObject({ requests: 3, withCredentials: 2 });
  });

  it('to a place that refuses are no refusal of the registry', async () => {
    const { upstream } = await startWorld({ redirectsForMs: -1 });
    const error = await deliver(upstream.blobSource(repository, digestOf(layer))).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'Error', message: 'the server that it redirects to says 403' });
  });

  it('to a place that is away are no matter of the registry', async () => {
    const { upstream } = await startWorld({
      script: [{ what: 'blob', does: { status: 307, headers: { location: 'http://127.0.0.1:9/' } } }],
    });
    for (let i = 0; i < 3; i++) {
      const error = await deliver(upstream.blobSource(repository, digestOf(layer))).catch((thrown: Error) => thrown);
      expect(String(error)).toBe('Error: redirects to 127.0.0.1:9: the server refuses the connection');
    }
    expect((await upstream.head(repository, tag)).ok).toBe(true);
  });

  it('without an end are not followed', async () => {
    const { registry, upstream } = await startWorld({
      script: [{ what: 'manifest', does: { status: 307, headers: { location: '/v2/pos/app/manifests/1.4' } } }],
    });
    expect(failureIn(await upstream.manifest(repository, tag)).because).toMatch(/redirects more than 5 times/);
    expect(registry.ledger.count().requests).toBe(6);
  });

  it('of the internet lead to no place of the site itself', async () => {
    const address = '203.0.113.7';
    execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
    for (const contentHost of ['127.0.0.1', 'localhost', '169.254.169.254', '[::1]', '0.0.0.0']) {
      const { upstream } = await startWorld({ address, contentHost, redirectsForMs: 10_000 });
      const error = await deliver(upstream.blobSource(repository, digestOf(layer))).catch((thrown: Error) => thrown);
      expect([contentHost, String(error)]).toEqual([contentHost, expect.stringContaining('not to be asked')]);
    }
    const { upstream } = await startWorld({ address, redirectsForMs: 10_000 });
    expect((await deliver(upstream.blobSource(repository, digestOf(layer)))).sizeBytes).toBe(SIZE);
  });
});

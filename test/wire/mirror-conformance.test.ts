import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeImage } from '../../src/lab/upstream/made-image.ts';
import { closeWorlds, MirrorWorld } from './support/mirror-world.ts';
import type { RawAnswer } from './support/raw-http.ts';
import { must } from './support/registry-world.ts';

/** The pull cases of the OCI distribution-spec's conformance suite, and its cases of Range, which there need a push first. */
const image = makeImage({ seed: 'conformance', layers: [4096] });
const blob = must(image.blobs[1]);
const bytes = Buffer.from(blob.slice(0, blob.sizeBytes));
const nobody = `sha256:${'0'.repeat(64)}`;
const SIZE = blob.sizeBytes;
let world: MirrorWorld;

beforeAll(async () => {
  world = await MirrorWorld.open();
  const { shelf } = world.upstream;
  for (const tag of ['b', 'test-0', 'Z', 'test-10', 'a']) shelf.put('pos/suite', tag, image);
  shelf.refer('pos/suite', image.top, 'application/x.sbom');
  shelf.refer('pos/suite', image.top, 'application/x.sig');
});
afterAll(closeWorlds);

const ask = (line: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> => {
  const [method = '', rest = ''] = line.split(' ');
  const path = rest.startsWith('/') ? rest : `/v2/pos/suite/${rest}${rest.includes('?') ? '&' : '?'}ns=registry.test`;
  return world.askAt(path, { method, headers: Object.entries(headers) });
};
const json = ({ body }: RawAnswer): unknown => JSON.parse(body.toString());

const manifestHead = {
  'content-type': image.top.mediaType,
  'content-length': String(image.top.sizeBytes),
  'docker-content-digest': image.top.digest,
};
const blobHead = { 'content-length': String(SIZE), 'docker-content-digest': blob.digest, 'accept-ranges': 'bytes' };

describe('the conformance suite pulls', () => {
  it.for<readonly [line: string, status: number, head: Readonly<Record<string, string>>]>([
    ['GET /v2/', 200, { 'content-type': 'application/json; charset=utf-8' }],
    ['GET /v2', 200, {}],
    ['HEAD manifests/a', 200, manifestHead],
    ['GET manifests/a', 200, manifestHead],
    [`HEAD manifests/${image.top.digest}`, 200, manifestHead],
    [`GET manifests/${image.top.digest}`, 200, manifestHead],
    [`HEAD blobs/${blob.digest}`, 200, blobHead],
    [`GET blobs/${blob.digest}`, 200, blobHead],
    [`HEAD blobs/${must(image.blobs[0]).digest}`, 200, { 'docker-content-digest': must(image.blobs[0]).digest }],
    [`GET referrers/${image.top.digest}`, 200, { 'content-type': 'application/vnd.oci.image.index.v1+json' }],
    [`GET referrers/${nobody}`, 200, { 'content-type': 'application/vnd.oci.image.index.v1+json' }],
  ])('%s: %i', async ([line, status, head], { expect }) => {
    const answer = await ask(line);
    expect(answer).toMatchObject({ status, headers: head, isWhole: true });
    if (line.startsWith('HEAD')) expect(answer.body.length).toBe(0);
  });

  it('bytes as they were', async () => {
    const manifest = Buffer.from(image.top.slice(0, image.top.sizeBytes));
    for (const reference of ['a', image.top.digest])
      expect((await ask(`GET manifests/${reference}`, { accept: '*/*' })).body.equals(manifest)).toBe(true);
    expect((await ask(`GET blobs/${blob.digest}`, { 'accept-encoding': 'gzip, zstd' })).body.equals(bytes)).toBe(true);
  });
});

describe('the conformance suite is told what is not there or cannot be:', () => {
  it.for<readonly [line: string, status: number, code: string]>([
    ['GET manifests/none', 404, 'MANIFEST_UNKNOWN'],
    [`GET manifests/${nobody}`, 404, 'MANIFEST_UNKNOWN'],
    [`GET blobs/${nobody}`, 404, 'BLOB_UNKNOWN'],
    ['GET manifests/sha256:totallywrong', 400, 'DIGEST_INVALID'],
    ['GET blobs/sha256:totallywrong', 400, 'DIGEST_INVALID'],
    ['GET referrers/sha256:totallywrong', 400, 'DIGEST_INVALID'],
    ['GET /v2/registry.test/pos/none/tags/list', 404, 'NAME_UNKNOWN'],
    ['GET /v2/registry.test/Pos/App/tags/list', 400, 'NAME_INVALID'],
    [`POST /v2/registry.test/pos/suite/blobs/uploads/`, 405, 'UNSUPPORTED'],
    ['PUT manifests/new', 405, 'UNSUPPORTED'],
    [`DELETE manifests/${image.top.digest}`, 405, 'UNSUPPORTED'],
    [`DELETE blobs/${blob.digest}`, 405, 'UNSUPPORTED'],
  ])('%s: %i %s', async ([line, status, code], { expect }) => {
    const answer = await ask(line, line.startsWith('GET') ? {} : { 'content-length': '0' });
    expect([answer.status, json(answer)]).toEqual([
      status,
      { errors: [expect.objectContaining({ code, message: expect.any(String) })] },
    ]);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
  });

  it('HEAD says it without a word', async () => {
    for (const rest of ['manifests/none', `manifests/${nobody}`, `blobs/${nobody}`])
      expect(await ask(`HEAD ${rest}`)).toMatchObject({ status: 404, body: Buffer.alloc(0) });
  });
});

describe('lists', () => {
  it('of tags are in their order, in pages, from any tag on', async () => {
    const all = ['Z', 'a', 'b', 'test-0', 'test-10'];
    expect(json(await ask('GET tags/list'))).toEqual({ name: 'pos/suite', tags: all });
    expect(json(await ask('GET tags/list?last=b'))).toEqual({ name: 'pos/suite', tags: all.slice(3) });
    expect(json(await ask('GET tags/list?n=0'))).toEqual({ name: 'pos/suite', tags: [] });
    const found: string[] = [];
    let next: string | undefined = 'tags/list?n=2';
    for (let turn = 0; next !== undefined && turn < 9; turn++) {
      const answer: RawAnswer = await ask(`GET ${next}`);
      found.push(...(json(answer) as { readonly tags: readonly string[] }).tags);
      next = /^<(.+)>; rel="next"$/.exec(answer.headers['link'] ?? '')?.[1];
    }
    expect(found).toEqual(all);
  });

  it('of referrers say what they were filtered by, and are empty, not missing', async () => {
    type Index = { readonly manifests: readonly { readonly artifactType: string }[] };
    const typesOf = async (query: string) => {
      const answer = await ask(`GET referrers/${image.top.digest}${query}`);
      const types = (json(answer) as Index).manifests.map(({ artifactType }) => artifactType);
      return [types.sort(), answer.headers['oci-filters-applied']];
    };
    expect(await typesOf('')).toEqual([['application/x.sbom', 'application/x.sig'], undefined]);
    expect(await typesOf('?artifactType=application/x.sig')).toEqual([['application/x.sig'], 'artifactType']);
    expect(await typesOf('?artifactType=application/none')).toEqual([[], 'artifactType']);
    expect(json(await ask(`GET referrers/${nobody}`))).toMatchObject({ schemaVersion: 2, manifests: [] });
  });
});

describe('a range of a blob', () => {
  const part = (first: number, last: number) => [206, `bytes ${first}-${last}/${SIZE}`, first, last + 1] as const;
  const none = [416, `bytes */${SIZE}`, 0, 0] as const;
  const whole = [200, undefined, 0, SIZE] as const;

  it.for<readonly [range: string, expected: readonly [number, string | undefined, number, number]]>([
    ['bytes=500-1499', part(500, 1499)],
    ['bytes=500-', part(500, SIZE - 1)],
    ['bytes=-500', part(SIZE - 500, SIZE - 1)],
    ['bytes=2000-5000', part(2000, SIZE - 1)],
    ['bytes=0-', part(0, SIZE - 1)],
    ['bytes=0-0', part(0, 0)],
    [`bytes=${SIZE - 1}-`, part(SIZE - 1, SIZE - 1)],
    [`bytes=${SIZE}-`, none],
    ['bytes=5000-10000', none],
    ['bytes=-0', none],
    ['bytes=500-0', whole],
    ['bytes=0-1,5-6', whole],
    ['lines=1-2', whole],
  ])('%s', async ([range, [status, contentRange, from, to]], { expect }) => {
    const answer = await ask(`GET blobs/${blob.digest}`, { range });
    expect([answer.status, answer.headers['content-range'], answer.isWhole]).toEqual([status, contentRange, true]);
    if (status !== 416) expect(answer.body.equals(bytes.subarray(from, to))).toBe(true);
  });

  it.for(['bytes=500-1499', 'bytes=-500', 'bytes=4000-', 'bytes=5000-'])(
    'that nobody has fetched yet, %s, is waited for, and all of it comes once',
    async (range, { expect }) => {
      const cold = await MirrorWorld.open();
      cold.upstream.shelf.put('pos/suite', 'a', image);
      cold.upstream.script([{ what: 'blob', does: { delayMs: 50, chunked: true } }]);
      const path = `/v2/registry.test/pos/suite/blobs/${blob.digest}`;
      const answer = await cold.askAt(path, { headers: [['Range', range]] });
      const again = await ask(`GET blobs/${blob.digest}`, { range });
      expect([
        answer.status,
        answer.headers['content-range'],
        answer.body.equals(again.body) || answer.status === 416,
      ]).toEqual([...[again.status, again.headers['content-range'], true]]);
      expect(cold.upstream.ledger.count({ what: 'blob', method: 'GET' })).toMatchObject({ requests: 1 });
    },
  );

  it('is not said by HEAD, and a part of something else is the whole', async () => {
    const range = 'bytes=1-2';
    expect((await ask(`HEAD blobs/${blob.digest}`, { range })).status).toBe(200);
    expect((await ask(`GET blobs/${blob.digest}`, { range, 'if-range': '"other"' })).status).toBe(200);
    const { etag } = (await ask(`GET blobs/${blob.digest}`)).headers;
    expect((await ask(`GET blobs/${blob.digest}`, { range, 'if-range': etag ?? '' })).status).toBe(206);
  });
});

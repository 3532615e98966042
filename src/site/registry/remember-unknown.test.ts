import { expect, it } from 'vitest';
import type { Digest } from '../../kernel/digest.ts';
import type { Reference, Repository, Tag } from '../../kernel/image-name.ts';
import type { Clock } from '../../kernel/ports.ts';
import { err, ok } from '../../kernel/result.ts';
import { rememberUnknown } from './remember-unknown.ts';
import type { UpstreamFailure, UpstreamRegistry } from './upstream-port.ts';

const APP = 'pos/app' as Repository;
const TAG: Reference = { kind: 'tag', tag: '1.4' as Tag };
const BLOB = 'a'.repeat(64) as Digest;

function setUp(kind: UpstreamFailure['kind']) {
  const asked: string[] = [];
  let ms = 0;
  const clock: Clock = { now: () => 0, monotonic: () => ms, after: () => () => undefined };
  const answer = (what: string) => {
    asked.push(what);
    return Promise.resolve(err({ kind, because: 'says so' } as const));
  };
  const registry = {
    head: () => answer('head'),
    manifest: () => answer('manifest'),
    headBlob: () => answer('blob'),
  } as unknown as UpstreamRegistry;
  return { asked, registry, remembering: rememberUnknown(registry, clock), pass: (more: number) => (ms += more) };
}

it('what a registry does not have is asked for once in fifteen seconds, in whatever way', async () => {
  const { asked, remembering, pass } = setUp('unknown');
  for (let n = 0; n < 3; n++) expect(await remembering.head(APP, TAG)).toMatchObject({ error: { kind: 'unknown' } });
  await remembering.manifest(APP, TAG);
  for (let n = 0; n < 3; n++) await remembering.headBlob(APP, BLOB);
  expect(asked).toEqual(['head', 'blob']);
  pass(15_000);
  await remembering.manifest(APP, TAG);
  expect(asked).toEqual(['head', 'blob', 'manifest']);
});

it('another repository, tag or digest is another thing', async () => {
  const { asked, remembering } = setUp('unknown');
  await remembering.head(APP, TAG);
  await remembering.head('pos/db' as Repository, TAG);
  await remembering.head(APP, { kind: 'digest', digest: BLOB });
  expect(asked).toHaveLength(3);
});

it.each(['refused', 'busy', 'unreachable', 'wrong'] as const)('a registry that is %s may have it', async (kind) => {
  const { asked, remembering } = setUp(kind);
  for (let n = 0; n < 2; n++) await remembering.head(APP, TAG);
  expect(asked).toHaveLength(2);
});

it('what is there is asked for each time', async () => {
  const { registry, remembering } = setUp('unknown');
  let heads = 0;
  registry.head = () => Promise.resolve(ok({ digest: `${++heads}` as Digest }));
  const remembered = rememberUnknown(registry, { now: () => 0, monotonic: () => 0, after: () => () => undefined });
  for (let n = 0; n < 2; n++) await remembered.head(APP, TAG);
  expect(heads).toBe(2);
  expect(remembering.blobSource).toBe(registry.blobSource);
});

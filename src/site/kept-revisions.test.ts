import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SampleLog, sampleRevision } from '../../test/support/sample-site.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { Revision } from '../model/revision.ts';
import { formatRevision, openKeptRevisions } from './kept-revisions.ts';

let dir: string;
let log: SampleLog;

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'slipway-kept-')), 'revisions');
  log = new SampleLog();
});
afterEach(() => rm(join(dir, '..'), { recursive: true }));

/** One with the digest of its content, as the compiler makes it. */
function revision(number: number, template = `t${number}`): Revision {
  const { digest: _, number: __, ...content } = sampleRevision({ template });
  return { digest: sha256OfText(canonicalJson(content)), number, ...content };
}
const open = () => openKeptRevisions(dir, log);
const digests = (...revisions: Revision[]) => new Set(revisions.map(({ digest }) => digest));

test('what is kept is there again after a restart, without a word', async () => {
  const kept = await open();
  await kept.put(revision(1));
  await kept.put(revision(2));
  const again = await open();
  expect([again.get(revision(1).digest), again.get(revision(2).digest)]).toEqual([revision(1), revision(2)]);
  expect(log.lines).toEqual([]);
});

test('what nobody needs is deleted, with what a kill left of a write', async () => {
  const kept = await open();
  for (const number of [1, 2, 3]) await kept.put(revision(number));
  await writeFile(join(dir, `.${revision(1).digest}.json.x`), '{"form');
  await kept.retain(digests(revision(1), revision(3)));
  const again = await open();
  expect([1, 2, 3].map((number) => again.get(revision(number).digest)?.number)).toEqual([1, undefined, 3]);
  expect((await readdir(dir)).sort()).toEqual(
    [...digests(revision(1), revision(3))].map((hex) => `${hex}.json`).sort(),
  );
});

test('of many, the newest are kept', async () => {
  const kept = await open();
  const all = Array.from({ length: 10 }, (_, i) => revision(i + 1));
  for (const one of all) await kept.put(one);
  await kept.retain(digests(...all));
  expect(all.filter(({ digest }) => kept.get(digest)).map(({ number }) => number)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
  expect(await readdir(dir)).toHaveLength(8);
});

test.each([
  ['is cut off', (text: string) => text.slice(0, 200), /JSON/],
  ['is empty', () => '', /JSON/],
  ['is of another Slipway', (text: string) => text.replace('"format":1', '"format":2'), /the format 2, not 1/],
  ['has a changed bit', (text: string) => text.replace('"t1"', '"t9"'), /not what its name says/],
  ['is no revision', () => '{"format":1}', /./],
])('a file that %s is named and passed over, and goes when nobody needs it any more', async (_name, damage, reason) => {
  await (await open()).put(revision(2));
  const path = join(dir, `${revision(1).digest}.json`);
  await writeFile(path, damage(formatRevision(revision(1))));
  const kept = await open();
  expect([kept.get(revision(1).digest), kept.get(revision(2).digest)]).toEqual([undefined, revision(2)]);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { file: path, reason: expect.stringMatching(reason) } }]);
  await kept.retain(digests(revision(1), revision(2)));
  expect(await readdir(dir)).toHaveLength(2);
  await kept.put(revision(1));
  expect((await open()).get(revision(1).digest)).toEqual(revision(1));
  await writeFile(path, 'x');
  await (await open()).retain(digests(revision(2)));
  expect(await readdir(dir)).toEqual([`${revision(2).digest}.json`]);
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SampleClock, SampleLog, SampleStore, sampleRevision } from '../../test/support/sample-site.ts';
import type { Digest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import type { ContentStore } from '../model/content.ts';
import type { Revision } from '../model/revision.ts';
import { type Revisions, startRevisions } from './revisions.ts';

let dataDir: string;
let store: SampleStore;
let clock: SampleClock;
let log: SampleLog;
/** What the template says; each text is a revision of its own, and one that begins with `bad` is none. */
let template: string;
let revisions: Revisions | undefined;

const content: ContentStore = {
  open: async () => undefined,
  stateOf: () => ({ kind: 'absent' }),
  ensure: async () => undefined,
  pin: async () => undefined,
};
const compile = (text: string, number: number): Result<Revision, readonly string[]> =>
  text.startsWith('bad') ? err([text]) : ok(sampleRevision({ number, digest: text.repeat(64) as Digest }));

const path = () => join(dataDir, 'template');
async function start(): Promise<Revisions> {
  revisions = await startRevisions({
    ...{ dataDir, store, content, clock, log },
    compile: async (number) => ({ outcome: compile(template, number), files: [path()] }),
    refuse: () => undefined,
  });
  return revisions;
}
async function change(text: string): Promise<void> {
  template = text;
  await writeFile(path(), text);
}
/** Lets the watch look until `seen`. */
const until = (seen: () => void) =>
  vi.waitFor(() => {
    clock.pass(1_000);
    seen();
  });
const inForce = () => [revisions?.current()?.digest[0], revisions?.current()?.number, revisions?.refusal()];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-revisions-'));
  store = new SampleStore();
  clock = new SampleClock();
  log = new SampleLog();
  await change('a');
});
afterEach(async () => {
  await revisions?.stop();
  revisions = undefined;
  expect(clock.timers).toBe(0);
  await rm(dataDir, { recursive: true });
});

test('a good template is in force, saved, counted and told', async () => {
  await start();
  expect(inForce()).toEqual(['a', 1, undefined]);
  expect(JSON.parse(await readFile(join(dataDir, 'revision.json'), 'utf8'))).toMatchObject({
    format: 1,
    revision: { number: 1 },
  });
  expect(store.state.counters.get('revision')).toBe(1);
  expect(store.kept.map(({ type }) => type)).toEqual(['revision-applied']);
});

test('a bad one is refused while the old goes on, also over a restart', async () => {
  await start();
  await change('bad: line 1');
  await until(() => expect(inForce()).toEqual(['a', 1, 'bad: line 1']));
  await revisions?.stop();
  await start();
  expect(inForce()).toEqual(['a', 1, 'bad: line 1']);
});

test('no number is given twice, also after a kill between the saved revision and its count', async () => {
  const saved = sampleRevision({ number: 5, digest: 'a'.repeat(64) as Digest });
  await writeFile(join(dataDir, 'revision.json'), JSON.stringify({ format: 1, revision: saved }));
  store = new SampleStore([{ table: 'counters', key: 'revision', row: 4 }]);
  await start();
  expect(inForce()).toEqual(['a', 5, undefined]);
  await change('b');
  await until(() => expect(inForce()).toEqual(['b', 6, undefined]));
});

test('one that the disk refuses is shown as such, and tried again by itself', async () => {
  await start();
  store.before = () => {
    throw new AppError('disk-full', 'no space left');
  };
  await change('b');
  await until(() => expect(inForce()).toEqual(['a', 1, 'no space left']));
  store.before = () => undefined;
  await vi.waitFor(() => {
    clock.pass(60_000);
    expect(inForce()).toEqual(['b', 2, undefined]);
  });
});

test('without any good one the site does not start', async () => {
  await change('bad: everything');
  await expect(start()).rejects.toMatchObject({ code: 'template-invalid', message: 'bad: everything' });
});

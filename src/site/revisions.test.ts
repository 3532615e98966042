import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { POS_MAC, SampleClock, SampleLog, SampleStore, sampleRevision, T0 } from '../../test/support/sample-site.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { Digest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import type { Boot, BootId } from '../model/boot.ts';
import type { ContentStore } from '../model/content.ts';
import type { MachineId } from '../model/machine.ts';
import type { Order, OrderId, OrderState } from '../model/order.ts';
import type { Revision } from '../model/revision.ts';
import type { Change } from '../model/store.ts';
import { type Revisions, startRevisions } from './revisions.ts';

let dataDir: string;
let store: SampleStore;
let clock: SampleClock;
let log: SampleLog;
/** What the template says; each text is a revision of its own, and one that begins with `bad` is none. */
let template: string;
let revisions: Revisions | undefined;

const pins = new Map<string, readonly Digest[]>();
const content: ContentStore = {
  open: async () => undefined,
  stateOf: () => ({ kind: 'absent' }),
  ensure: async () => undefined,
  follow: () => Promise.reject(new Error('nobody follows')),
  fetch: () => Promise.reject(new Error('nobody fetches')),
  pin: async (owner, digests) => {
    pins.set(owner, digests);
  },
};
/** Its digest is that of its content, as the compiler makes it; its one asset is named after it. */
function revisionOf(text: string, number: number): Revision {
  const asset = { digest: sha256OfText(text), name: text, sources: [] };
  const { digest: _, number: __, ...rest } = sampleRevision({ template: text, assets: [asset] });
  return { digest: sha256OfText(canonicalJson(rest)), number, ...rest };
}
const compile = (text: string, number: number): Result<Revision, readonly string[]> =>
  text.startsWith('bad') ? err([text]) : ok(revisionOf(text, number));

/** What could not be answered by a revision, by its template. */
const faults = new Map<string, string>();

const path = () => join(dataDir, 'template');
async function start(): Promise<Revisions> {
  revisions = await startRevisions({
    ...{ dataDir, store, content, clock, log },
    compile: async (number) => ({ outcome: compile(template, number), files: [path()] }),
    refuse: () => undefined,
    fault: async ({ template: name }) => faults.get(name),
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
const inForce = () => [revisions?.current()?.template, revisions?.current()?.number, revisions?.refusal()];

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
  expect(store.kept.map(({ type, sentence }) => [type, sentence])).toEqual([
    ['revision-applied', 'Revision 1 of template a is in force: 1 slot.'],
  ]);
});

test('a bad one is refused while the old goes on, also over a restart', async () => {
  await start();
  await change('bad: line 1');
  await until(() => expect(inForce()).toEqual(['a', 1, 'bad: line 1']));
  await revisions?.stop();
  await start();
  expect(inForce()).toEqual(['a', 1, 'bad: line 1']);
});

test('one by which machines could not be answered is refused, and never the one in force', async () => {
  await start();
  faults.set('a', 'pos-1: kernel: the answer to HEAD is 404').set('b', 'pos-1: it has no script');
  await change('b');
  await until(() => expect(inForce()).toEqual(['a', 1, 'pos-1: it has no script']));
  await revisions?.stop();
  await change('a');
  await start();
  expect(inForce()).toEqual(['a', 1, undefined]);
  faults.clear();
});

test('no number is given twice, also after a kill between the saved revision and its count', async () => {
  const saved = revisionOf('a', 5);
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

describe('what an open boot pins', () => {
  const boot: Boot = {
    ...{ id: 'b1' as BootId, machine: 'm1' as MachineId, mac: POS_MAC, openedAt: T0, stage: 'script', reached: {} },
    revision: revisionOf('a', 1).digest,
  };
  const sampleOrder: Omit<Order, 'state'> = {
    ...{ id: 'o1' as OrderId, slot: 'pos-1', binding: 1, profile: revisionOf('a', 1).digest },
    ...{
      by: { kind: 'person', name: 'cli' },
      createdAt: T0,
      expiresAt: T0 + 1,
      attempts: 1,
      maxAttempts: 3,
      wipe: false,
    },
  };
  const isKept = (text: string) => revisions?.get?.(revisionOf(text, 0).digest) !== undefined;
  const pinned = () => [pins.get('open-boots'), pins.get('revision')];
  const nameOf = (text: string) => sha256OfText(text);

  async function changeTo(text: string, number: number): Promise<void> {
    await change(text);
    await until(() => expect(inForce()).toEqual([text, number, undefined]));
    // Until what is not needed any more is gone, too.
    await until(() => expect(pins.get('revision')).toEqual([nameOf(text)]));
  }

  test('is kept with its assets over changes and restarts, until the boot has ended', async () => {
    store = new SampleStore([{ table: 'boots', key: 'b1', row: boot }]);
    await start();
    await changeTo('b', 2);
    await changeTo('c', 3);
    expect(['a', 'b', 'c'].map(isKept)).toEqual([true, true, true]);
    expect(pinned()).toEqual([[nameOf('a')], [nameOf('c')]]);
    await revisions?.stop();
    pins.clear();
    await start();
    expect(['a', 'b', 'c'].map(isKept)).toEqual([true, false, true]);
    expect(pinned()).toEqual([[nameOf('a')], [nameOf('c')]]);
    await store.commit([{ table: 'boots', key: 'b1', row: { ...boot, outcome: { kind: 'live' }, closedAt: T0 } }], []);
    await changeTo('d', 4);
    expect(['a', 'c', 'd'].map(isKept)).toEqual([false, true, true]);
    expect(pinned()).toEqual([[], [nameOf('d')]]);
  });

  test('is kept until the install that it began is proved, for it says what proves it', async () => {
    const ended = { ...boot, order: 'o1' as OrderId, outcome: { kind: 'superseded' } as const, closedAt: T0 };
    const order = (state: OrderState): Change => ({ table: 'orders', key: 'o1', row: { ...sampleOrder, state } });
    const installing = order({ kind: 'installing', boot: ended.id, since: T0 });
    store = new SampleStore([{ table: 'boots', key: 'b1', row: ended }, installing]);
    await start();
    await changeTo('b', 2);
    await changeTo('c', 3);
    expect(isKept('a')).toBe(true);
    await store.commit([order({ kind: 'confirmed', at: T0, by: 'phone-home' })], []);
    await changeTo('d', 4);
    expect([isKept('a'), isKept('b')]).toEqual([false, false]);
  });

  test('is kept when the template changed while the site was off', async () => {
    store = new SampleStore([{ table: 'boots', key: 'b1', row: boot }]);
    await start();
    await revisions?.stop();
    await change('b');
    await start();
    expect([inForce(), isKept('a')]).toEqual([['b', 2, undefined], true]);
    expect(pinned()).toEqual([[nameOf('a')], [nameOf('b')]]);
  });

  test('of a data directory from before there were kept revisions is the one that was in force', async () => {
    store = new SampleStore([{ table: 'boots', key: 'b1', row: boot }]);
    await writeFile(join(dataDir, 'revision.json'), JSON.stringify({ format: 1, revision: revisionOf('a', 1) }));
    await change('b');
    await start();
    expect([inForce(), isKept('a')]).toEqual([['b', 2, undefined], true]);
  });
});

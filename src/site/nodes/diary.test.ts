import { describe, expect, it } from 'vitest';
import {
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  SampleClock,
  SampleLog,
  SampleStore,
  sampleRandom,
  sampleRevision,
  T0,
} from '../../../test/support/sample-site.ts';
import { AppError } from '../../kernel/errors.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Signal } from '../../model/signal.ts';
import { createDiary } from './diary.ts';

const script = (mac: MacAddress = POS_MAC): Signal => ({
  kind: 'script',
  at: T0,
  claim: { mac },
  address: POS_ADDRESS,
  answer: { kind: 'live', slot: 'pos-1', profile: 'demo' },
});
const phoneHome: Signal = { kind: 'phone-home', at: T0 + 1_000, mac: POS_MAC, issuedAt: T0 };

function setUp() {
  const store = new SampleStore();
  const clock = new SampleClock();
  const log = new SampleLog();
  const diary = createDiary({
    store,
    clock,
    log,
    random: sampleRandom,
    revisions: { current: () => sampleRevision() },
  });
  return { store, clock, log, diary };
}

/** Lets all that is ready run: promises settle in far fewer turns. */
async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

/** A commit that waits until it is let go. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { wait: () => promise, open: resolve };
}

describe('the diary', () => {
  it('writes what it observes, and costs the caller nothing', async () => {
    const { store, diary } = setUp();
    diary.observe(script());
    expect(store.commits).toBe(0);
    await settle();
    expect([...store.state.boots.values()]).toMatchObject([{ slot: 'pos-1', stage: 'script' }]);
  });

  it('makes one commit of all that came while the one before was on its way', async () => {
    const { store, diary } = setUp();
    const slow = gate();
    store.before = slow.wait;
    diary.observe(script());
    await settle();
    for (let i = 0; i < 50; i++) diary.observe(script(`52:54:00:00:01:${10 + i}` as MacAddress));
    store.before = () => undefined;
    slow.open();
    await settle();
    expect(store.commits).toBe(2);
    expect(store.state.machines.size).toBe(51);
  });

  it('answers a record when it is on disk, and not before', async () => {
    const { store, diary } = setUp();
    diary.observe(script());
    await settle();
    const slow = gate();
    store.before = slow.wait;
    let done = false;
    const recorded = diary.record(phoneHome).then(() => {
      done = true;
    });
    await settle();
    expect(done).toBe(false);
    slow.open();
    await recorded;
    expect(store.state.currentBinding('pos-1')?.health).toBe('enrolled');
  });

  it('forgets no signal, at whichever turn it comes', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const { store, diary } = setUp();
      diary.observe(script());
      for (let i = 0; i < turns; i++) await Promise.resolve();
      diary.observe(script(OTHER_MAC));
      await settle();
      expect(store.state.machines.size).toBe(2);
    }
  });

  it('answers a record that changes nothing without a commit', async () => {
    const { store, diary } = setUp();
    await diary.record(phoneHome);
    expect(store.commits).toBe(0);
  });

  it('rejects a record that could not be written, and writes it when it comes again', async () => {
    const { store, diary, log } = setUp();
    diary.observe(script());
    await settle();
    store.before = () => {
      throw new AppError('disk-full', 'no space left');
    };
    await expect(diary.record(phoneHome)).rejects.toMatchObject({ code: 'disk-full' });
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { code: 'disk-full' } });
    store.before = () => undefined;
    await diary.record(phoneHome);
    expect(store.state.currentBinding('pos-1')?.health).toBe('enrolled');
  });

  it('tries again later what it observed while the disk failed', async () => {
    const { store, diary, clock } = setUp();
    store.before = () => {
      throw new AppError('disk-failed', 'i/o error');
    };
    diary.observe(script());
    await settle();
    expect(clock.timers).toBe(1);
    diary.observe(script(OTHER_MAC));
    store.before = () => undefined;
    await settle();
    expect(store.commits).toBe(0);
    clock.pass(1_000);
    await settle();
    expect([store.commits, store.state.machines.size]).toEqual([1, 2]);
    expect(diary.counters()).toEqual({ dropped: 0, commits: 1, failures: 1 });
  });

  it('gives up after eight tries, and says how many it lost', async () => {
    const { store, diary, clock } = setUp();
    store.before = () => {
      throw new AppError('disk-failed', 'i/o error');
    };
    diary.observe(script());
    for (let i = 0; i < 20; i++) {
      await settle();
      clock.pass(60_000);
    }
    expect(diary.counters()).toEqual({ dropped: 1, commits: 0, failures: 8 });
    expect(clock.timers).toBe(0);
  });

  it('does not grow without end while the disk is stuck: bars of progress go first', async () => {
    const { store, diary } = setUp();
    const stuck = gate();
    store.before = stuck.wait;
    diary.observe(script());
    await settle();
    const digest = 'a'.repeat(64) as Extract<Signal, { kind: 'asset' }>['digest'];
    for (let i = 0; i < 6_000; i++)
      diary.observe({
        kind: 'asset',
        at: T0,
        mac: POS_MAC,
        digest,
        file: 'x',
        bytesSent: i,
        sizeBytes: 9_000,
        done: false,
      });
    for (let i = 0; i < 6_000; i++) diary.observe(script());
    const recorded = diary.record(phoneHome);
    expect(diary.counters().dropped).toBe(2_001);
    stuck.open();
    await recorded;
    expect(diary.progressOf(POS_MAC)).toMatchObject({ file: 'x', bytesSent: 5_999, sizeBytes: 9_000 });
  });

  it('a signal that it trips over does not take the others with it', async () => {
    const { store, diary, log } = setUp();
    diary.observe({ kind: 'script' } as Signal);
    diary.observe(script());
    await settle();
    expect(store.state.machines.size).toBe(1);
    expect(log.lines.some(({ fields }) => fields['code'] === 'internal' && fields['err'] instanceof Error)).toBe(true);
    expect(diary.counters().dropped).toBe(1);
  });

  it('writes what still waits when it is closed, and takes nothing more', async () => {
    const { store, diary, clock } = setUp();
    diary.observe(script());
    await diary.close();
    expect(store.commits).toBe(1);
    diary.observe(script(OTHER_MAC));
    await expect(diary.record(phoneHome)).rejects.toMatchObject({ code: 'site-not-ready' });
    expect([store.commits, clock.timers]).toEqual([1, 0]);
  });

  it('closes also when the disk is gone', async () => {
    const { store, diary, clock } = setUp();
    store.before = () => {
      throw new AppError('disk-failed', 'i/o error');
    };
    diary.observe(script());
    await diary.close();
    expect(clock.timers).toBe(0);
  });
});

import { appendFile, cp, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installRevision } from '../../test/support/install-world.ts';
import { POS_MAC, SampleClock, SampleLog, sampleRandom } from '../../test/support/sample-site.ts';
import { openStore, type SqliteStore } from '../adapters/store/sqlite-store.ts';
import type { MachineId } from '../model/machine.ts';
import { ARMED, DOUBT } from '../model/order.ts';
import type { ScriptAnswer, Signal } from '../model/signal.ts';
import type { Store } from '../model/store.ts';
import { mayInstall } from './boot/policy/install-permit.ts';
import { createDiary, type Diary } from './nodes/diary.ts';
import { withOrderLog } from './order-log.ts';

const revision = installRevision();
const clock = new SampleClock();
let dir: string;
let site: { store: Store; database: SqliteStore; diary: Diary; log: SampleLog } | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-orders-'));
});
afterEach(async () => {
  await stop();
  await rm(dir, { recursive: true, force: true });
});

async function start() {
  const log = new SampleLog();
  const database = await openStore(join(dir, 'slipway.db'));
  const store = await withOrderLog({ path: join(dir, 'orders.log'), store: database, clock, log });
  const diary = createDiary({ store, clock, log, random: sampleRandom, revisions: { current: () => revision } });
  site = { store, database, diary, log };
  return site;
}

async function stop(): Promise<void> {
  await site?.diary.close();
  await site?.store.close();
  await site?.database.close();
  site = undefined;
}

async function restart() {
  await stop();
  return start();
}

/** Says a signal and waits until it is on disk. */
async function see(
  signal: Omit<Extract<Signal, { kind: 'dhcp' | 'secret-document' | 'script' }>, 'at'>,
): Promise<void> {
  await site?.diary.record({ ...signal, at: clock.now() } as Signal);
}

/** The machine comes; answers what it is told to do. */
async function powerOn(): Promise<ScriptAnswer['kind']> {
  clock.pass(60_000);
  await see({ kind: 'dhcp', mac: POS_MAC, client: 'firmware', clientKind: 'bios', message: 'request' } as never);
  const { state } = site?.store ?? ({} as Store);
  const slot = revision.slots['pos-1'];
  if (!slot) throw new Error('the sample has this slot');
  const binding = state.bindingOfMachine('m1' as MachineId);
  const permit = mayInstall(state, slot, binding, clock.now(), state.marks.has(ARMED));
  const answer =
    permit.kind === 'yes'
      ? { kind: 'install', slot: 'pos-1', profile: 'demo', order: permit.order.id }
      : { kind: 'local', because: permit.because };
  await see({ kind: 'script', claim: { mac: POS_MAC }, address: '10.0.0.11', answer } as never);
  return permit.kind === 'yes' ? 'install' : 'local';
}

const order = () => site?.store.state.ordersOf('pos-1')[0];
const isDoubted = () => site?.store.state.marks.has(DOUBT);

describe('the log of orders', () => {
  it('agrees with the database after any number of starts', async () => {
    await start();
    await site?.diary.carryOut({ kind: 'arm' }, 'cli');
    expect(await powerOn()).toBe('install');
    await restart();
    await restart();
    expect([order()?.state.kind, isDoubted()]).toEqual(['open', false]);
    expect(await powerOn()).toBe('install');
  });

  it('is not written for what has nothing to do with orders', async () => {
    await start();
    await powerOn();
    expect(await readFile(join(dir, 'orders.log'), 'utf8')).toBe('');
  });

  it('makes up for a commit that was cut off after it was logged', async () => {
    await start();
    await site?.diary.carryOut({ kind: 'arm' }, 'cli');
    await stop();
    await cp(join(dir, 'slipway.db'), join(dir, 'before.db'));
    await start();
    await powerOn();
    await stop();
    await cp(join(dir, 'before.db'), join(dir, 'slipway.db'));
    await start();
    expect([order()?.state.kind, site?.store.state.currentBinding('pos-1')?.machine, isDoubted()]).toEqual([
      'open',
      'm1',
      false,
    ]);
  });

  it('forgets a line that was cut off while it was written', async () => {
    await start();
    await site?.diary.carryOut({ kind: 'arm' }, 'cli');
    await stop();
    await appendFile(join(dir, 'orders.log'), '{"seq":2,"epoch":"');
    await start();
    expect(isDoubted()).toBe(false);
    expect(await powerOn()).toBe('install');
    await restart();
    expect([order()?.state.kind, isDoubted()]).toEqual(['open', false]);
  });

  it('takes back what could not be stored', async () => {
    const { database } = await start();
    await database.inject({ failStatement: { nth: 1, code: 'SQLITE_IOERR_WRITE' } });
    const before = await readFile(join(dir, 'orders.log'), 'utf8');
    const failed = await site?.diary.carryOut({ kind: 'arm' }, 'cli').then(
      () => 'carried out',
      () => 'failed',
    );
    expect(failed).toBe('failed');
    expect(await readFile(join(dir, 'orders.log'), 'utf8')).toBe(before);
    await site?.diary.carryOut({ kind: 'arm' }, 'cli');
    await restart();
    expect([site?.store.state.marks.has(ARMED), isDoubted()]).toEqual([true, false]);
  });
});

describe('where log and database disagree nothing is installed', () => {
  async function openOrder(): Promise<void> {
    await start();
    await site?.diary.carryOut({ kind: 'arm' }, 'cli');
    await powerOn();
    expect(order()?.state.kind).toBe('open');
  }

  async function expectNothing(because: string): Promise<void> {
    expect(await powerOn()).toBe('local');
    expect([isDoubted(), site?.store.state.marks.has(ARMED)]).toEqual([true, false]);
    expect(site?.log.lines.some(({ message }) => message.includes(because))).toBe(true);
    const events = (await site?.store.events({ limit: 100 })) ?? [];
    expect(events.some(({ type, sentence }) => type === 'site-disarmed' && sentence.includes(because))).toBe(true);
    // Also when somebody arms it, and after another start.
    await restart();
    await site?.diary.carryOut({ kind: 'arm' }, 'cli');
    expect(await powerOn()).toBe('local');
    expect(await powerOn()).toBe('local');
  }

  it('the database was deleted', async () => {
    await openOrder();
    await stop();
    for (const suffix of ['', '-wal', '-shm']) await rm(join(dir, `slipway.db${suffix}`), { force: true });
    await start();
    await expectNothing('not the one that the log of orders belongs to');
  });

  it("yesterday's database was restored", async () => {
    await start();
    await site?.diary.carryOut({ kind: 'arm' }, 'cli');
    await powerOn();
    await stop();
    await cp(join(dir, 'slipway.db'), join(dir, 'yesterday.db'));
    await start();
    await see({ kind: 'secret-document', mac: POS_MAC, document: 'user-data', address: '10.0.0.11' } as never);
    await site?.diary.record({ kind: 'phone-home', at: clock.now(), mac: POS_MAC, issuedAt: clock.now() });
    expect(order()?.state.kind).toBe('confirmed');
    await stop();
    await cp(join(dir, 'yesterday.db'), join(dir, 'slipway.db'));
    await start();
    expect(order()?.state).toMatchObject({ kind: 'void', because: 'the database is older than the log of orders' });
    await expectNothing('the database is older than the log of orders');
  });

  it('the log was deleted, or an older one put in its place', async () => {
    await openOrder();
    await stop();
    await truncate(join(dir, 'orders.log'), 0);
    await start();
    expect(order()?.state.kind).toBe('void');
    await expectNothing('the log of orders is missing');
  });

  it('the whole data directory was deleted: a new site is not armed', async () => {
    await openOrder();
    await stop();
    await rm(dir, { recursive: true });
    dir = await mkdtemp(join(tmpdir(), 'slipway-orders-'));
    await start();
    expect([await powerOn(), await powerOn(), site?.store.state.orders.size]).toEqual(['local', 'local', 0]);
  });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../kernel/ports.ts';
import { openTimeKeeper } from './time-keeper.ts';

const IN_2026 = Date.UTC(2026, 10, 21);
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let dir: string;
let wall: number;
let mono: number;
const machine: Clock = { now: () => wall, monotonic: () => mono, after: () => () => undefined };
let opened: { stop(): Promise<void> }[] = [];
const open = async (onOffset?: (ms: number) => void) => {
  const time = await openTimeKeeper({ path: join(dir, 'time'), log, machine, ...(onOffset && { onOffset }) });
  opened.push(time);
  return time;
};
const pass = (ms: number) => {
  wall += ms;
  mono += ms;
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-time-'));
  wall = IN_2026;
  mono = 5_000;
});
afterEach(async () => {
  await Promise.all(opened.map((time) => time.stop()));
  opened = [];
  await rm(dir, { recursive: true, force: true });
});

test('until head office has spoken it is the time of the machine', async () => {
  const time = await open();
  pass(60_000);
  expect([time.now(), time.quality, time.offsetMs]).toEqual([IN_2026 + 60_000, 'machine', 0]);
});

test.each([
  ['1970', 0],
  ['2038', Date.UTC(2038, 0, 19)],
])('a machine in %s is put right by what head office signed, and tells how far it is off', async (_year, at) => {
  wall = at;
  const offsets: number[] = [];
  const time = await open((ms) => offsets.push(ms));
  time.learn(IN_2026, 20);
  pass(1_000);
  expect([time.now(), time.quality, time.offsetMs]).toEqual([IN_2026 + 1_000, 'hub', IN_2026 - at]);
  expect(offsets).toEqual([IN_2026 - at]);
});

test('once it is known, nobody who sets the clock of the machine moves it', async () => {
  const time = await open();
  time.learn(IN_2026, 20);
  wall = 0;
  pass(10);
  expect(time.now()).toBe(IN_2026 + 10);
});

test('a difference that the way explains is no step', async () => {
  const offsets: number[] = [];
  const time = await open((ms) => offsets.push(ms));
  time.learn(IN_2026 + 900, 20);
  expect([time.now(), time.quality, offsets.length]).toEqual([IN_2026, 'hub', 0]);
});

test('after a start it is never before the last good time, also in 1970', async () => {
  const before = await open();
  before.learn(IN_2026, 20);
  await before.stop();
  wall = 0;
  const time = await open();
  pass(3_000);
  expect([time.now(), time.quality]).toEqual([IN_2026 + 3_000, 'machine']);
});

test('time goes on from start to start of a box that is in 1970 each time, and what the machine shows is not written down', async () => {
  const first = await open();
  first.learn(IN_2026, 20);
  await first.stop();
  for (let start = 1; start <= 3; start++) {
    wall = start === 2 ? Date.UTC(2038, 0, 1) : 0;
    const time = await open();
    pass(3_600_000);
    await time.stop();
    expect(Number(await readFile(join(dir, 'time'), 'utf8'))).toBe(IN_2026 + start * 3_600_000);
  }
});

test('a last good time that was wrong does not outlive what head office signs', async () => {
  await writeFile(join(dir, 'time'), `${Date.UTC(2038, 0, 1)}\n`);
  const time = await open();
  expect(time.now()).toBe(Date.UTC(2038, 0, 1));
  time.learn(IN_2026, 20);
  await time.stop();
  expect(Number(await readFile(join(dir, 'time'), 'utf8'))).toBe(IN_2026);
});

test('a file that holds no time is none', async () => {
  await writeFile(join(dir, 'time'), 'soon\n');
  expect((await open()).now()).toBe(IN_2026);
});

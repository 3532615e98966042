import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestLog } from '../../test/packets/ports.ts';
import type { HubSettings } from './config.ts';
import { openSiteTime } from './hub-link.ts';

const HOUR_MS = 3_600_000;
const hub: HubSettings = { url: 'https://hub.example.com', setClock: true, trial: '10m' };
let dataDir: string;
let log: TestLog;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-site-time-'));
  log = new TestLog();
});
afterEach(() => rm(dataDir, { recursive: true }));

/** What the machine's clock was set to when head office's time was an hour ahead. */
async function setTo(settings: HubSettings, refuses?: string): Promise<readonly number[]> {
  const set: number[] = [];
  const time = await openSiteTime({ hub: settings, dataDir }, log, async (timeMs) => {
    set.push(timeMs);
    return refuses;
  });
  time.learn(Date.now() + HOUR_MS, 10);
  await time.stop();
  return set;
}

test("the machine's clock is set where the site file wants it", async () => {
  const [timeMs = 0, ...more] = await setTo(hub);
  expect(Math.abs(timeMs - Date.now() - HOUR_MS)).toBeLessThan(10_000);
  expect([more, log.lines.at(-1)?.text]).toEqual([[], 'the clock of this machine was set by head office']);
});

test('a machine that does not let it be set is no trouble for the site', async () => {
  expect(await setTo(hub, 'Operation not permitted')).toHaveLength(1);
  expect(log.lines.at(-1)).toMatchObject({ level: 'warn', fields: { because: 'Operation not permitted' } });
});

test('it is left alone where nobody wants it', async () => {
  expect(await setTo({ ...hub, setClock: false })).toEqual([]);
});

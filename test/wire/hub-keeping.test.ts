import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSite, tellSite } from '../../src/adapters/http/control-client.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';
import type { TokenList } from '../../src/wire/api/tokens.ts';
import { type Ended, slipway } from './support/site-lab.ts';

const FILE = `hub: keeping
link: { listen: "127.0.0.1:18443", url: "https://127.0.0.1:18443" }
admin: { listen: "127.0.0.1:18440" }`;
let dir: string;
let hub: SlipwayProcess | undefined;

const start = async (): Promise<void> => {
  hub = await startHub({ workDir: join(dir, 'hub'), config: FILE });
};
const stop = async (): Promise<void> => {
  await hub?.stop();
  hub = undefined;
};
const at = (...args: string[]): Promise<Ended> => slipway(['hub', ...args, '--config', join(dir, 'hub', 'hub.yaml')]);
const ask = (...args: string[]): Promise<Ended> => slipway(['hub', ...args, '--socket', hub?.socket ?? '']);
const newToken = (name: string): Promise<unknown> =>
  tellSite(hub?.socket ?? '', '/api/v1/tokens', { name, role: 'read' });
const tokens = async (): Promise<readonly string[]> =>
  (await askSite<TokenList>(hub?.socket ?? '', '/api/v1/tokens')).tokens.map(({ name }) => name);
const data = (...names: string[]): string => join(dir, 'hub', 'data', ...names);

function inDatabase(sql: string): void {
  const db = new Database(data('hub.db'));
  db.exec(sql);
  db.close();
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-keeping-'));
  await start();
});
afterAll(async () => {
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('head office', () => {
  it('is backed up while it runs, and brought back on an empty disk with its keys', async () => {
    await newToken('before');
    const root = readFileSync(data('ca', caFile()));
    const file = join(dir, 'office.backup');
    const made = await at('backup', file, '--socket', hub?.socket ?? '', '--json');
    expect(made).toMatchObject({ status: 0, err: '' });
    expect(JSON.parse(made.out)).toMatchObject({ path: file, by: 'terminal' });
    await newToken('after');
    expect(await at('restore', file)).toMatchObject({ status: 2, err: expect.stringContaining('store-locked') });
    await stop();
    rmSync(data(), { recursive: true });
    expect(await at('restore', file)).toMatchObject({ status: 0, err: '' });
    await start();
    expect(await tokens()).toEqual(['before']);
    expect(readFileSync(data('ca', caFile())).equals(root)).toBe(true);
  });

  it('is backed up while it does not run, and keeps what a restore replaces', async () => {
    await newToken('later');
    await stop();
    const file = join(dir, 'stopped.backup');
    expect(await at('backup', file)).toMatchObject({ status: 0, out: expect.stringContaining(file) });
    expect(await at('backup', data('inside'))).toMatchObject({ status: 2 });
    const restored = await at('restore', file, '--json');
    const { aside } = JSON.parse(restored.out) as { aside: string };
    expect(readdirSync(aside)).toEqual(expect.arrayContaining(['ca', 'hub.db']));
    await start();
    expect(await tokens()).toEqual(['before', 'later']);
  });

  it('shows its audit and which entry of it was changed, and calls for a person when no backup is made', async () => {
    const [shown, whole] = await Promise.all([ask('audit'), ask('audit', '--verify')]);
    const actions = shown.out.split('\n').map((line) => line.slice(29).trim().split(/ +/)[1]);
    expect(actions).toEqual(expect.arrayContaining(['token.new', 'restore']));
    expect(whole).toMatchObject({ status: 0, out: expect.stringMatching(/^The audit is whole: \d+ entries/) });
    await stop();
    inDatabase(`update audit set who = 'eve' where id = 2;
      delete from meta where key = 'backup';
      insert into sites values ('store-1', '{"name":"store-1","createdAt":0,"state":"invited","labels":{},"confirmedNumber":0,"highestNumber":0}')`);
    await start();
    const changed = await ask('audit', '--verify');
    expect(changed).toMatchObject({ status: 1, out: expect.stringContaining('at entry 2: it was changed') });
    await expect.poll(async () => (await ask('alarms')).out, { timeout: 20_000 }).toMatch(/backup-old .+ no backup/);
  });
});

function caFile(): string {
  return readdirSync(data('ca')).find((name) => !name.startsWith('.')) ?? '';
}

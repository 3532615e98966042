import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSealingKeys, open, type Sealed } from '../../src/adapters/node/sealing.ts';
import { openHubStore } from '../../src/adapters/store/hub-store.ts';
import { EXIT } from '../../src/cli/exit.ts';
import { runProgram } from '../../src/cli/program.ts';
import { parseHubConfig } from '../../src/hub/config.ts';
import { createHub, type Hub } from '../../src/hub/hub.ts';
import type { SiteRevision } from '../../src/model/fleet/hub-rows.ts';
import type { HubTx } from '../../src/model/fleet/hub-store.ts';
import { silentLog } from '../support/link-hub.ts';
import { fleetSite } from '../support/sample-push.ts';

// A hub of its own on a disk of its own, and the commands of the central team at its control socket.
let folder: string;
let hub: Hub | undefined;
const boxes = { 'store-0417': createSealingKeys(), 'store-0418': createSealingKeys() };
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-push-'));
  mkdirSync(at('run'));
  cpSync(new URL('../../templates/fleets/retail', import.meta.url).pathname, at('retail'), { recursive: true });
  await slipway(
    'template',
    'keys',
    'new',
    '--key',
    at('a.pem'),
    '--set',
    at('retail/release-keys.json'),
    '--comment',
    'Ada',
  );
  await inStore(async (tx) => {
    for (const [name, { publicKey }] of Object.entries(boxes))
      await tx.put('sites', name, fleetSite(name, { sealingKey: publicKey }));
  });
});
afterAll(async () => {
  await hub?.stop();
  rmSync(folder, { recursive: true });
});

/** Runs one command as a person would, and answers what it printed. */
async function slipway(...argv: readonly string[]): Promise<{ readonly out: string; readonly status: number }> {
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  const status = await runProgram(['node', 'slipway', ...argv], { write, writeError: write });
  return { out, status };
}
const asked = (): readonly string[] => ['--dir', at('retail'), '--socket', at('run/control.sock')];
const plan = (...more: readonly string[]) => slipway('template', 'plan', ...asked(), ...more);
const push = (...more: readonly string[]) => slipway('template', 'push', ...asked(), '--key', at('a.pem'), ...more);

async function startHub(): Promise<void> {
  const text = `hub: head-office
dataDir: ${at('data')}
runtimeDir: ${at('run')}
link: { listen: "127.0.0.1:0", url: "https://127.0.0.1:8443" }
admin: { listen: "127.0.0.1:0" }
releaseKeys: [${at('retail/release-keys.json')}]
`;
  const config = parseHubConfig(text, 'hub.yaml');
  if (!config.ok) throw config.error;
  const onLost = (error: Error): void => {
    throw error;
  };
  hub = await createHub({ config: config.value, log: silentLog, version: '0', env: {}, fsyncDelayMs: 0, onLost });
  await hub.start();
}

/** Looks at the database while no hub has it. */
async function inStore<T>(work: (tx: HubTx) => Promise<T>): Promise<T> {
  await hub?.stop();
  hub = undefined;
  mkdirSync(at('data'), { recursive: true, mode: 0o700 });
  const store = await openHubStore(at('data/hub.db'));
  try {
    return await store.work(work);
  } finally {
    await store.close();
    await startHub();
  }
}

const revisionsOf = (site: string): Promise<readonly SiteRevision[]> =>
  inStore(async (tx) => (await tx.list('revisions', { prefix: `${site}/` })).map(({ row }) => row));

test('plan, push, confirm, change, push again: a day of the central team', { timeout: 60_000 }, async () => {
  // The first day: two sites have joined, the third is not invited yet.
  const first = await plan();
  expect(first).toMatchObject({ status: EXIT.finding });
  expect(first.out).toContain('2 sites: store-0417, store-0418\n  gets its first revision');
  expect(first.out).toContain('store-0901\n  is left out: head office does not know it');
  writeFileSync(at('secrets.yaml'), 'all: { joinToken: "geheim" }\n', { mode: 0o644 });
  expect((await push('--secrets', at('secrets.yaml'))).out).toContain('chmod 600');
  rmSync(at('secrets.yaml'));
  writeFileSync(at('secrets.yaml'), 'all: { joinToken: "geheim" }\n', { mode: 0o600 });
  const pushed = await push('--secrets', at('secrets.yaml'), '--comment', 'first');
  expect(pushed.out).toContain('push p1 is at head office for 2 sites');

  // Its content is there, and the secret opens for the one box alone.
  const bundle = await inStore(async (tx) => {
    const row = await tx.get('revisions', 'store-0417/0000000001');
    return row && (await tx.blob(row.bundle));
  });
  const text = Buffer.from(bundle ?? []).toString('utf8');
  expect(text).not.toContain('geheim');
  const sealed = (JSON.parse(text) as { secrets: { joinToken: Sealed } }).secrets.joinToken;
  const as = { site: 'store-0417', name: 'joinToken' };
  expect(open(sealed, as, boxes['store-0417'])).toEqual({ ok: true, value: 'geheim' });
  expect(open(sealed, as, boxes['store-0418'])).toMatchObject({ ok: false });

  // The same twice is nothing new, with the secrets or without.
  for (const more of [[], ['--secrets', at('secrets.yaml')]])
    expect((await push(...more)).out).toContain('no site changes: head office has all of it already');
  expect(await revisionsOf('store-0417')).toHaveLength(1);

  // Both sites confirm; then one line of a group changes.
  await inStore(async (tx) => {
    for (const [name, { publicKey }] of Object.entries(boxes))
      await tx.put('sites', name, fleetSite(name, { sealingKey: publicKey, confirmedNumber: 1, highestNumber: 1 }));
  });
  expect((await plan()).out).toContain('0 changed, 2 unchanged, 1 left out');
  expect(await plan('--sites', 'store-0417,store-0418')).toMatchObject({ status: EXIT.ok });
  const pilot = readFileSync(at('retail/groups/pilot.yaml'), 'utf8');
  writeFileSync(at('retail/groups/pilot.yaml'), pilot.replace('channel: pilot', 'channel: stable'));
  const changed = await plan('--sites', 'store-0417,store-0418');
  expect(changed.out).toBe(`store-0418
  slots pos-1, pos-2, pos-3, pos-4: documents.user-data
    -       channel=pilot
    +       channel=stable

1 changed, 1 unchanged
`);
  const again = await push('--sites', 'region=eu', '--json');
  expect(JSON.parse(again.out)).toEqual({ push: 'p2', sites: 1, unchanged: 1, cannot: [] });

  // The way back is signed ahead, with the content and the secrets of what is confirmed.
  const rows = await revisionsOf('store-0418');
  expect(rows.map(({ number, kind, push: id }) => [number, kind, id])).toEqual([
    [1, 'forward', 'p1'],
    [3, 'forward', 'p2'],
    [4, 'back', 'p2'],
  ]);
  expect(rows[2]).toMatchObject({ content: rows[0]?.content, secrets: rows[0]?.secrets });
  expect(rows[1]?.secrets).toBe(rows[0]?.secrets);
});

test('the key is changed: the next push brings the set, and the old key signs nothing more', {
  timeout: 60_000,
}, async () => {
  const set = at('retail/release-keys.json');
  await slipway(
    'template',
    'keys',
    'rotate',
    '--key',
    at('a.pem'),
    '--new',
    at('b.pem'),
    '--set',
    set,
    '--comment',
    'Bob',
  );
  expect((await push('--sites', 'store-0418')).out).toContain('was retired with key set 2');
  // What waits was signed by the old key: it is signed anew.
  const pushed = await push('--sites', 'store-0418', '--key', at('b.pem'));
  expect(pushed.out).toContain('push p3 is at head office for 1 site');
  const signers = await revisionsOf('store-0418');
  expect(signers.at(-2)?.keyId).not.toBe(signers[0]?.keyId);
});

test('a fault in the directory, no hub and a wrong selector end the command with what is wrong', async () => {
  expect((await plan('--sites', 'region=mars')).out).toContain('no site of fleet.yaml fits');
  expect((await plan('--sites', 'store-9999')).out).toContain('no site "store-9999"');
  expect((await plan('--socket', at('none.sock'))).out).toContain('hub-not-answering');
  writeFileSync(at('retail/groups/uk.yaml'), 'kind: none\n');
  expect(await push()).toMatchObject({
    status: EXIT.usage,
    out: expect.stringContaining('groups/uk.yaml:1:1 nobody uses this file'),
  });
});

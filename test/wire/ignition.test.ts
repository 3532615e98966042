import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { IGNITION, keptUnpacked } from '../../src/lab/unpacked.ts';
import type { Boot, BootId } from '../../src/model/boot.ts';
import type { MachineId } from '../../src/model/machine.ts';
import type { Document } from '../../src/model/revision.ts';
import { applyChanges } from '../../src/model/state.ts';
import {
  createFormatSite,
  EMPTY,
  type FormatSite,
  ID,
  INSTALLING,
  orderRow,
  withProfile,
} from '../support/format-site.ts';
import { OTHER_MAC, POS_MAC, sampleTokens, T0 } from '../support/sample-site.ts';
import { runSealed } from './support/sealed.ts';

/** Debian's own Ignition, in the stage that fetches its configuration, as the kernel's command line names it. */
const here = '127.0.0.1' as Ipv4;
const config = (token: string): string =>
  `{"ignition": {"version": "3.3.0"}, "storage": {"files": [{"path": "/etc/t", "contents": {"source": "data:,${token}"}}]}}`;
const secret: Document = { kind: 'text', text: config('@{secret.joinToken}'), fill: true, secret: true };
const live = withProfile({ documents: { ignition: secret } });
const byToken = `/t/${sampleTokens.mint({ use: 'read', mac: POS_MAC, issuedAt: T0 })}/ignition`;
const boot: Boot = {
  ...{ id: 'b1' as BootId, machine: 'm1' as MachineId, mac: POS_MAC, slot: 'pos-1', binding: 1 },
  ...{ openedAt: T0, stage: 'os', reached: { script: T0 } },
};
const bootRow = (changes: Partial<Boot> = {}) =>
  ({ table: 'boots', key: boot.id, row: { ...boot, ...changes } }) as const;

let program = '';
beforeAll(async () => {
  const { version, files } = await keptUnpacked(labCacheDir(), IGNITION);
  process.stdout.write(`   ignition: ${version}\n`);
  program = join(files, 'usr/lib/dracut/modules.d/30ignition/ignition');
});

let site: FormatSite;
let port = 0;
beforeEach(async () => {
  const at = { network: 'nodes', address: here };
  const secrets = { joinToken: 'not-for-everybody' };
  site = await createFormatSite(EMPTY, undefined, { address: here, site: () => ({ ...at, httpPort: port }), secrets });
  port = await site.server.listen({ address: here, port: 0 });
});
afterEach(() => site.server.close());

const fetchStage = [
  'mkdir "$3/root"',
  'timeout "$1" "$2" -platform metal -stage fetch -log-to-stdout -root "$3/root" -config-cache "$3/config" -state-file "$3/state" -neednet "$3/neednet" >&2',
  'cat "$3/config"',
].join(' && ');

/** The configuration as it wrote it down; it is ended after `seconds`, for it never gives up. */
async function fetchConfig(path: string, seconds = 20): Promise<{ readonly config: string; readonly status: number }> {
  const { stdout, status } = await runSealed(
    `ignition.firstboot ignition.platform.id=metal ignition.config.url=http://${here}:${port}${path}`,
    (folder) => ['sh', '-c', fetchStage, 'sh', String(seconds), program, folder],
  );
  return { config: stdout, status };
}

/** The status of `timeout` when the time was up. */
const WAITS = { config: '', status: 124 };

/** Lets it ask three times, then changes the site. */
async function afterThreeTries(change: () => void): Promise<void> {
  await vi.waitFor(() => expect(site.asked.length).toBeGreaterThanOrEqual(3), { timeout: 15_000 });
  change();
}

it('waits for its slot, and takes its configuration', async () => {
  const fetching = fetchConfig(`/documents/${ID}/ignition`);
  await afterThreeTries(() => {
    site.now.revision = withProfile({});
  });
  const done = await fetching;
  expect(done.status).toBe(0);
  expect(JSON.parse(done.config)).toHaveProperty('ignition.version');
  expect(site.log.lines).toContainEqual(expect.objectContaining({ fields: { remote: here, reads: '3.3.0' } }));
});

it('waits for its order, and once installed gets nothing', async () => {
  site.now.revision = withProfile(INSTALLING);
  const fetching = fetchConfig(`/documents/${ID}/ignition`);
  await afterThreeTries(() => applyChanges(site.store.state, [orderRow()]));
  expect((await fetching).status).toBe(0);
  applyChanges(site.store.state, [orderRow({ state: { kind: 'confirmed', at: T0, by: 'api' } })]);
  expect(await fetchConfig(`/documents/${ID}/ignition`, 2)).toEqual(WAITS);
});

it('gets its secret by its token, in its boot alone', async () => {
  site.now.revision = live;
  applyChanges(site.store.state, [bootRow()]);
  const done = await fetchConfig(byToken);
  expect([done.status, done.config.includes('data:,not-for-everybody')]).toEqual([0, true]);
  expect(site.signals.heard).toMatchObject([{ kind: 'secret-document', mac: POS_MAC, document: 'ignition' }]);
  applyChanges(site.store.state, [bootRow({ outcome: { kind: 'live' }, closedAt: T0 })]);
  expect(await fetchConfig(byToken, 2)).toEqual(WAITS);
});

it('is nobody’s at the place of somebody else', async () => {
  site.now.revision = live;
  applyChanges(site.store.state, [bootRow()]);
  site.neighbours.set(here, OTHER_MAC);
  const done = await fetchConfig(byToken);
  expect(done.config).toBe('');
  // A 403 is its last word: it fails, and asks no second time.
  expect([done.status !== 0 && done.status !== 124, site.asked.length]).toEqual([true, 1]);
});

it('whom nobody knows waits, as a 404 would be its end', async () => {
  site.now.revision = live;
  expect(await fetchConfig('/documents/nobody/ignition', 2)).toEqual(WAITS);
  site.asked.length = 0;
  const done = await fetchConfig('/documents/nobody/no-such-format');
  expect([done.config, done.status !== 0 && done.status !== 124, site.asked.length]).toEqual(['', true, 1]);
});

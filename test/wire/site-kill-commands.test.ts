import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { tellSite } from '../../src/adapters/http/control-client.ts';
import { AppError } from '../../src/kernel/errors.ts';
import { seededRandom } from '../../src/lab/clients/dhcp-packet.ts';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { SimMachine } from './support/machine.ts';
import { codeOn } from './support/screen.ts';
import { readCounter } from './support/site-database.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:55:00:01';
const STRANGER = '52:54:00:55:00:02';
const NEWER = '52:54:00:55:00:03';
/** Of a commit with an order, each of the two files takes so long to sync. */
const SYNC_MS = 60;
/** Mostly before the answer; what happened was said at most so often. */
const KILLS_EACH = 3;

const lab = new SiteLab('br-cmd', '10.55.0');
const random = seededRandom(Number(process.env['SLIPWAY_SEED'] ?? 1));
const machines: Record<string, SimMachine> = {};

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, {
    slots: [
      { name: 'box-1', mac: MAC, host: 11, profile: 'box' },
      { name: 'box-2', mac: '52:54:00:55:00:09', host: 12, profile: 'box' },
    ],
    profiles: `    box:
      kind: install
      boots: tiny
      documents: { user-data: { text: "#cloud-config\\n{}\\n" } }
      install: { completes: phone-home, attempts: 2, within: 10m, wipe: { cmdline: { erase: now } } }`,
  });
  await startSite();
  await lab.untilAssetsAreHere();
  for (const mac of [MAC, STRANGER, NEWER]) machines[mac] = await SimMachine.plugIn(lab, `m${mac.slice(-1)}`, mac);
  await powerOn(MAC);
});

afterAll(() => lab.end());

async function startSite(): Promise<void> {
  await lab.start({ args: ['--fault', `fsync-delay=${SYNC_MS}`] });
}

const codes = new Map<string, string>();

/** Switches a machine on; its script is on disk afterwards. */
async function powerOn(mac: string): Promise<void> {
  const machine = machines[mac];
  await machine?.dhcp();
  const answer = (await machine?.get(`/boot/script?mac=${mac}&manufacturer=Dell&product=OptiPlex`)) ?? '';
  if (answer.includes('***')) codes.set(mac, codeOn(answer));
  await vi.waitFor(async () => expect((await lab.node(mac)).boots.length).toBeGreaterThan(0), { timeout: 10_000 });
}

const open = ({ node }: NodeDetail): boolean => node?.install?.orders[0]?.state === 'open';

/** A command, and all that it does: each of it true when it has happened, and none when it has not. */
type Row = {
  readonly name: string;
  readonly path: string;
  readonly body?: () => object;
  readonly before?: () => Promise<unknown>;
  readonly did: () => Promise<readonly boolean[]>;
};

const rows: readonly Row[] = [
  {
    name: 'arm',
    path: '/api/v1/arm',
    did: async () => [(await lab.status()).armed === true, open(await lab.node('box-1'))],
  },
  {
    name: 'reinstall',
    path: '/api/v1/slots/box-1/reinstall',
    body: () => ({ wipe: true }),
    did: async () => [(await lab.node('box-1')).node?.install?.orders[0]?.wipe === true],
  },
  {
    name: 'claim',
    path: '/api/v1/slots/box-2/claim',
    body: () => ({ code: codes.get(STRANGER) }),
    before: () => powerOn(STRANGER),
    did: async () => {
      const detail = await lab.node('box-2');
      return [detail.node?.machine?.macs[0] === STRANGER, open(detail)];
    },
  },
  {
    name: 'hold',
    path: '/api/v1/slots/box-2/hold',
    body: () => ({ on: true }),
    did: async () => [(await lab.node('box-2')).node?.install?.because?.startsWith('held') === true],
  },
  {
    name: 'replace',
    path: '/api/v1/slots/box-2/replace',
    body: () => ({ code: codes.get(NEWER) }),
    before: async () => {
      // Held, it was sent to its disk; then it gives its address back and is silent.
      await powerOn(STRANGER);
      // It releases its lease when it is told to end, and not when it ends by itself.
      const client = `
        said=$(mktemp); udhcpc -i eth0 -f -R -T 1 -s /bin/true > $said 2>&1 & client=$!
        for try in $(seq 200); do grep -q 'lease of' $said && break; sleep 0.1; done
        kill $client; wait; cat $said; rm $said`;
      await machines[STRANGER]?.host.exec(['sh', '-c', client]);
      await powerOn(NEWER);
    },
    did: async () => {
      const { node } = await lab.node('box-2');
      const former = (await lab.node(STRANGER)).machine;
      const orders = node?.install?.orders.map(({ state }) => state).join(' ');
      return [
        node?.binding === 2,
        node?.machine?.macs[0] === NEWER,
        former?.fenced !== undefined,
        orders === 'open void',
      ];
    },
  },
  {
    name: 'release',
    path: '/api/v1/slots/box-1/release',
    did: async () => {
      const { node } = await lab.node('box-1');
      const orders = node?.install?.orders.map(({ state }) => state) ?? [];
      const fenced = (await lab.node(MAC)).machine?.fenced !== undefined;
      return [node?.state === 'empty', orders.every((state) => state === 'void'), fenced];
    },
  },
];

it.each(rows)('$name, killed at any moment, has happened wholly or not at all', async ({ path, body, before, did }) => {
  await before?.();
  for (let kill = 0; kill <= KILLS_EACH; kill++) {
    // The first one comes before any answer can.
    const withinMs = kill === 0 ? 0.8 * SYNC_MS : 4 * SYNC_MS;
    const isAcknowledged = await sayAndKill(path, body?.() ?? {}, kill === KILLS_EACH ? 10_000 : random() * withinMs);
    expectLogAgrees();
    await startSite();
    const facets = await did();
    expect(new Set(facets).size, JSON.stringify(facets)).toBe(1);
    if (isAcknowledged) expect(facets[0]).toBe(true);
    expect((await lab.ask<{ events: unknown[] }>('/api/v1/events?type=site-disarmed')).events).toEqual([]);
    if (facets[0]) return;
  }
  throw new Error('it never happened');
});

it('what was answered is on disk', async () => {
  expect(await sayAndKill('/api/v1/slots/box-2/hold', { on: false }, 10_000)).toBe(true);
  await startSite();
  expect((await lab.node('box-2')).node?.install).not.toHaveProperty('because');
});

/** Says a command, kills the site so long after it, and tells whether there was an answer before. */
async function sayAndKill(path: string, body: object, afterMs: number): Promise<boolean> {
  const said = tellSite(lab.site?.socket ?? '', path, body).then(
    () => true,
    (error: unknown) => {
      if (error instanceof AppError && error.code === 'site-unreachable') return false;
      throw error;
    },
  );
  const timer = new Promise<false>((resolve) => setTimeout(() => resolve(false), afterMs));
  const isAcknowledged = await Promise.race([said, timer]);
  await lab.site?.stop('SIGKILL');
  return isAcknowledged;
}

/** The log is one record ahead of the database at most: the one whose commit was cut off. */
function expectLogAgrees(): void {
  const lines = readFileSync(join(lab.dataDir, 'orders.log'), 'utf8').split('\n').slice(0, -1);
  const logged = lines.length === 0 ? 0 : (JSON.parse(lines.at(-1) ?? '') as { seq: number }).seq;
  const ahead = logged - readCounter(lab.dataDir, 'order-log');
  expect([0, 1]).toContain(ahead);
}

import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Completion } from '../../src/model/order.ts';
import { InstallMachine, type InstallPlan } from './support/install-machine.ts';
import { SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

type Case = readonly [firmware: InstallPlan['firmware'], completes: Completion, steps: readonly string[]];

/** Steps of which the site only sees that they were taken: a kill takes with it what waits for the slow disk. */
const SEEN: readonly Case[] = [
  [
    'bios',
    'phone-home',
    [
      ...[
        '1 firmware DISCOVER',
        '1 loader',
        '1 iPXE DISCOVER',
        '1 entry script',
        '1 script',
        '1 kernel',
        '1 initramfs',
      ],
      ...['1 installer DISCOVER', '1 meta-data', '1 network-config', '1 vendor-data'],
      ...['2 firmware DISCOVER', '2 loader', '2 iPXE DISCOVER', '2 script', '2 disk DISCOVER'],
    ],
  ],
  ['uefi', 'phone-home', ['1 loader', '1 script', '1 initramfs', '2 script']],
  ['bios', 'talos-running', ['2 script']],
  ['bios', 'disk-boot', ['2 iPXE DISCOVER', '2 script']],
  ['uefi', 'disk-boot', ['2 script']],
];
/** Steps that are on disk before they are answered, and the way to the next start. */
const KEPT: readonly Case[] = [
  [
    'bios',
    'phone-home',
    [
      ...['1 firmware REQUEST', '1 iPXE REQUEST', '1 installer REQUEST', '1 user-data', '1 phone-home'],
      ...['1 reboot', '2 firmware REQUEST', '2 iPXE REQUEST', '2 disk REQUEST'],
    ],
  ],
  ['uefi', 'phone-home', ['1 firmware REQUEST', '1 iPXE REQUEST', '1 user-data', '1 phone-home']],
  ['bios', 'report', ['1 user-data', '1 report']],
  ['bios', 'talos-running', ['1 user-data', '2 disk REQUEST', '2 running']],
  ['bios', 'disk-boot', ['1 user-data', '2 firmware REQUEST', '2 disk REQUEST']],
  ['bios', 'api', ['1 user-data', '1 confirm']],
];
const COMPLETES = [...new Set([...SEEN, ...KEPT].map(([, completes]) => completes))];

/** Each machine lives through three starts, most of them at a time; on a busy box that takes longer. */
const WITHIN_MS = 150_000;
const GOOD = '1 install, 2 starts of the disk, the last 2 told local, orders confirmed after 1, enrolled';

const lab = new SiteLab('br-inst', '10.54.0');
const two = (n: number): string => n.toString(16).padStart(2, '0');
const rows = [...KEPT.map((row) => ({ row, isKept: true })), ...SEEN.map((row) => ({ row, isKept: false }))]
  .flatMap(({ row: [firmware, completes, steps], isKept }) =>
    steps.map((stopAt) => ({ firmware, completes, isKept, stopAt })),
  )
  .map((row, n) => ({ ...row, name: `till-${n}`, mac: `52:54:00:54:00:${two(n + 1)}`, host: 11 + n }));

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, {
    slots: rows.map((row) => ({ ...row, profile: row.completes })),
    profiles: COMPLETES.map(
      (completes) => `    ${completes}:
      kind: install
      boots: tiny
      cmdline: { ds: "nocloud-net;s=@{boot.url.nocloud}" }
      documents: { user-data: { text: "#cloud-config\\n# install this\\n{}\\n", secret: true }, network-config: { from: interfaces } }
      install: { completes: ${completes}, attempts: 3, within: 45m }`,
    ).join('\n'),
  });
  await startSite();
  await lab.untilAssetsAreHere();
  expect((await slipway(['arm', '--socket', lab.site?.socket ?? ''])).status).toBe(0);
});

afterAll(() => lab.end());

async function startSite(): Promise<void> {
  const config = lab.config('signals: { eventSink: 3002 }');
  await lab.start({ config, args: ['--fault', 'fsync-delay=150'] });
}

/** A person says it until it was heard. */
function confirm(slot: string): Promise<unknown> {
  const say = () => slipway(['confirm', slot, '--socket', lab.site?.socket ?? '']);
  return vi.waitFor(async () => expect((await say()).status).toBe(0), { timeout: 30_000, interval: 200 });
}

it(
  'killed between any two steps, the site lets each machine install once, and start from its disk for ever',
  async () => {
    const machines = await Promise.all(
      rows.map(async ({ stopAt, isKept, ...row }) => {
        const plan = { ...row, site: lab.address };
        const machine = await InstallMachine.plugIn({ lab, stopAt, plan, confirm: () => confirm(plan.name) });
        return { machine, isKept };
      }),
    );
    await Promise.all(machines.map(({ machine }) => machine.before));
    // First what takes its time, so that the kill comes right behind all others.
    for (const group of [true, false]) {
      const some = machines.filter(({ isKept }) => isKept === group);
      for (const { machine } of some) machine.go();
      await Promise.all(some.map(({ machine }) => machine.after));
    }
    await lab.site?.stop('SIGKILL');
    const started = startSite();
    for (const { machine } of machines) machine.go();
    await started;
    const came = await Promise.all(machines.map(({ machine }) => outcomeOf(machine)));
    expect(came.filter((sentence) => !sentence.endsWith(GOOD))).toEqual([]);
    expect(lab.log().filter(({ level }) => level === 'error')).toEqual([]);
  },
  WITHIN_MS,
);

/** In one sentence what a machine went through and what the site thinks of it. */
async function outcomeOf({ plan, stopAt, lived }: InstallMachine): Promise<string> {
  const { told, installs, disks } = await lived;
  // What was seen last waits for the slow disk.
  const isSettled = async () => expect((await lab.node(plan.name)).node?.state).not.toBe('booting');
  await vi.waitFor(isSettled, { timeout: 15_000 }).catch(() => undefined);
  const { node } = await lab.node(plan.name);
  const orders = node?.install?.orders.map(({ state, attempts }) => `${state} after ${attempts}`).join(' and ');
  const last = told.slice(-2).every((word) => word === 'local') ? 'the last 2 told local' : `told ${told.join(' ')}`;
  const who = `${plan.firmware} ${plan.completes} behind ${stopAt}`;
  return `${who}: ${installs} install, ${disks} starts of the disk, ${last}, orders ${orders}, ${node?.state}`;
}

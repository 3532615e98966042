import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { in1970, tomorrow } from './support/clocks.ts';
import { SimMachine } from './support/machine.ts';
import { WITHIN } from './support/patience.ts';
import { SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

type Disaster = {
  readonly name: string;
  readonly happens: () => Promise<unknown>;
  readonly on?: typeof in1970;
  /** On the screens of all machines, and in `slipway status`. */
  readonly because: string;
  /** A site that is whole but for its clock, or its age. */
  readonly isArmed?: boolean;
};

const lab = new SiteLab('br-loss', '10.56.0');
/** Installed today; ordered and not installed yet; and one that came only today. */
const NAMES = ['box-1', 'box-2', 'box-3'] as const;
const macOf = (name: string): string => `52:54:00:56:00:0${name.slice(-1)}`;
const machines = new Map<string, SimMachine>();
const kept = (day: string): string => join(lab.workDir, day);

const disasters: readonly Disaster[] = [
  {
    name: 'the database was deleted',
    happens: () => removeDatabase(),
    because: 'is disarmed: the database is not the one that the log of orders belongs to',
  },
  {
    name: 'the whole data directory was deleted, or is that of another appliance',
    happens: () => rm(lab.dataDir, { recursive: true }),
    because: 'is not armed yet',
  },
  {
    name: "yesterday's database was restored",
    happens: async () => {
      await removeDatabase();
      await cp(join(kept('yesterday'), 'slipway.db'), join(lab.dataDir, 'slipway.db'));
    },
    because: 'is disarmed: the database is older than the log of orders',
  },
  {
    name: "yesterday's log of orders was restored",
    happens: () => cp(join(kept('yesterday'), 'orders.log'), join(lab.dataDir, 'orders.log')),
    because: 'is disarmed: the log of orders is older than the database',
  },
  {
    name: 'the database alone was carried to another appliance',
    happens: async () => {
      await rm(lab.dataDir, { recursive: true });
      await mkdir(lab.dataDir, { mode: 0o700 });
      await cp(join(kept('today'), 'slipway.db'), join(lab.dataDir, 'slipway.db'));
    },
    because: 'is disarmed: the log of orders is missing',
  },
  {
    name: 'a whole copy of yesterday was restored without its log of orders',
    happens: async () => {
      await rm(lab.dataDir, { recursive: true });
      await cp(kept('yesterday'), lab.dataDir, { recursive: true });
      await rm(join(lab.dataDir, 'orders.log'));
    },
    on: tomorrow,
    because: 'is disarmed: the log of orders is missing',
  },
  {
    name: 'the clock is in 1970',
    happens: () => Promise.resolve(),
    on: in1970,
    because: 'the clock of this site was never set',
    isArmed: true,
  },
];

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, {
    slots: NAMES.map((name, index) => ({ name, mac: macOf(name), host: 11 + index, profile: 'box' })),
    profiles: `    box:
      kind: install
      boots: tiny
      documents: { user-data: { text: "#cloud-config\\nruncmd: [erase]\\n", secret: true } }
      install: { completes: phone-home, attempts: 2, within: 10m }`,
  });
  for (const name of NAMES) machines.set(name, await SimMachine.plugIn(lab, name, macOf(name)));
  await lab.start();
  await lab.untilAssetsAreHere();
  await ask('arm');
  for (const name of ['box-1', 'box-2']) await untilTold(name, ' INSTALLS ');
  await keep('yesterday');
  await lab.start();
  await install('box-1');
  await untilTold('box-3', ' INSTALLS ');
  await install('box-3');
  await keep('today');
});

afterAll(() => lab.end());

function ask(...args: string[]) {
  return slipway([...args, '--socket', lab.site?.socket ?? '']);
}

async function removeDatabase(): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) await rm(join(lab.dataDir, `slipway.db${suffix}`), { force: true });
}

async function keep(day: string): Promise<void> {
  await lab.site?.stop();
  await cp(lab.dataDir, kept(day), { recursive: true });
}

/** Asks as a loader does, and gives the screen. */
async function screenOf(name: string): Promise<string> {
  return (await machines.get(name)?.get(`/boot/script?mac=${macOf(name)}&platform=pcbios&buildarch=x86_64`)) ?? '';
}

async function untilTold(name: string, words: string): Promise<void> {
  await machines.get(name)?.dhcp();
  await vi.waitFor(async () => expect(await screenOf(name)).toContain(words), WITHIN);
}

async function install(name: string): Promise<void> {
  const machine = machines.get(name);
  expect(await machine?.get(`/nocloud/${macOf(name)}/user-data`)).toContain('runcmd: [erase]');
  expect(await machine?.phoneHome(await machine.phoneHomeUrl())).toBe(200);
  expect((await lab.node(name)).node?.install?.orders[0]?.state).toBe('confirmed');
}

/** Switches all machines on twice: nobody is told to install, nobody gets what an installer needs. */
async function expectNoInstall(): Promise<readonly string[]> {
  const screens: string[] = [];
  for (const name of NAMES) {
    const machine = machines.get(name);
    await machine?.dhcp();
    for (let start = 0; start < 2; start++) screens.push(await screenOf(name));
    const secret = await machine?.curl(machine.url(`/nocloud/${macOf(name)}/user-data`));
    expect(secret?.out).not.toContain('erase');
  }
  for (const screen of screens) {
    expect(screen).toContain('Going on with the local disk');
    expect(screen).not.toContain('/assets/');
  }
  return screens;
}

describe.each(disasters)('$name', ({ happens, on, because, isArmed = false }) => {
  afterAll(async () => {
    await lab.site?.stop();
  });

  it('no machine is installed, and everybody can see why', async () => {
    await rm(lab.dataDir, { recursive: true, force: true });
    await cp(kept('today'), lab.dataDir, { recursive: true });
    await happens();
    await lab.start(on ? { on } : {});
    for (const screen of await expectNoInstall()) expect(screen).toContain(because);
    const { out } = await ask('status');
    expect(out).toContain('installs  none: ');
    expect(out).toContain(because);
    expect((await lab.status()).armed).toBe(isArmed);
  });
});

it('a whole copy of yesterday is no order any more', async () => {
  await rm(lab.dataDir, { recursive: true, force: true });
  await cp(kept('yesterday'), lab.dataDir, { recursive: true });
  await lab.start({ on: tomorrow });
  for (const name of ['box-1', 'box-2']) await untilTold(name, 'parked: nobody began it within 10 min');
});

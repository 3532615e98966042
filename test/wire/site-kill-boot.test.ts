import { afterAll, beforeAll, expect, it } from 'vitest';
import { BOOT_STAGES } from '../../src/model/boot.ts';
import { type DhcpOptions, SimMachine } from './support/machine.ts';
import { readLeases } from './support/site-database.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const VENDOR_CLASS = 'PXEClient:Arch:00007:UNDI:003016';
const FIRMWARE = ['0x5d:0007', '0x5e:010310'];
const IPXE = [...FIRMWARE, '0x4d:69505845', '0xaf:b105011af41000130101240101'];
const DOCUMENTS = ['meta-data', 'user-data', 'network-config'];

const lab = new SiteLab('br-steps', '10.52.0');

/** A boot on its way: what the machine was told so far. */
type Walk = { readonly machine: SimMachine; readonly addresses: (string | undefined)[]; script: string; home: string };

const steps: readonly (readonly [name: string, take: (walk: Walk) => Promise<unknown>])[] = [
  ['its firmware has an address', (walk) => askAddress(walk, { vendorClass: VENDOR_CLASS, send: FIRMWARE })],
  ['it has its loader', ({ machine }) => fetchAll(machine, [`tftp://${lab.address}/snponly.efi`])],
  ['iPXE has an address', (walk) => askAddress(walk, { vendorClass: VENDOR_CLASS, send: IPXE })],
  ['it has its script', async (walk) => (walk.script = await walk.machine.get(`/boot/script?mac=${walk.machine.mac}`))],
  [
    'it has kernel and initramfs',
    ({ machine, script }) => fetchAll(machine, script.match(/\/assets\/sha256\/\S+/g) ?? []),
  ],
  ['its system has an address', (walk) => askAddress(walk)],
  ['it has its vendor-data', async (walk) => (walk.home = await walk.machine.phoneHomeUrl())],
  [
    'it has its documents',
    ({ machine }) =>
      fetchAll(
        machine,
        DOCUMENTS.map((file) => `/nocloud/${machine.mac}/${file}`),
      ),
  ],
  ['it has phoned home', async ({ machine, home }) => expect(await machine.phoneHome(home)).toBe(200)],
];
/** GRUB has no DHCP of its own, and all that it fetches comes by TFTP. */
const grubSteps: typeof steps = steps.flatMap((step) => {
  if (step[0] === 'iPXE has an address') return [];
  if (step[0] === 'it has its script') return [[step[0], askAsGrub] as const];
  if (step[0] === 'it has kernel and initramfs')
    return [[step[0], ({ machine, script }) => fetchAll(machine, urlsOfGrub(script))] as const];
  return [step];
});
const SCRIPT_STEP = steps.findIndex(([name]) => name === 'it has its script');
/** One for each step, and one whose script is lost for sure. */
const slots = [...steps, 'lost', 'grub'].map((_, index) => ({
  name: `till-${index + 1}`,
  mac: `52:54:00:23:00:${(index + 1).toString(16).padStart(2, '0')}`,
  host: 11 + index,
}));

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots });
  await lab.start();
  await lab.untilAssetsAreHere();
});

afterAll(() => lab.end());

it.each(steps.map(([name], index) => [name, index] as const))(
  'killed when %s, the site goes on with the same boot and lease until the node is enrolled',
  async (_name, killAfter) => {
    // What was only seen may be lost with the last milliseconds before a power cut; what was answered for may not.
    await bootOnce(slots[killAfter], [killAfter]);
  },
);

it('killed before its disk has the script, the site knows the boot by its kernel, and goes on with the same row', async () => {
  await lab.site?.stop();
  await lab.start({ args: ['--fault', 'fsync-delay=400'] });
  const stages = await bootOnce(slots[steps.length], [SCRIPT_STEP]);
  expect(stages).not.toContain('script');
  expect(stages).toContain('kernel');
});

it('killed behind each step of GRUB, it goes on with the same boot', async () => {
  await lab.site?.stop();
  await lab.start();
  const stages = await bootOnce(slots[steps.length + 1], [1, 2, 3], grubSteps);
  expect(stages).toContain('kernel');
});

/** A whole boot with a kill behind some of its steps; answers the stages that its one row tells of. */
async function bootOnce(
  slot: (typeof slots)[number] | undefined,
  kills: readonly number[],
  taken = steps,
): Promise<readonly string[]> {
  const { name = '', mac = '', host = 0 } = slot ?? {};
  const machine = await SimMachine.plugIn(lab, name, mac);
  const walk: Walk = { machine, addresses: [], script: '', home: '' };
  for (const [index, [, take]] of taken.entries()) {
    await take(walk);
    if (!kills.includes(index)) continue;
    await lab.site?.stop('SIGKILL');
    await lab.start();
  }
  const address = `10.52.0.${host}`;
  expect(walk.addresses.length).toBeGreaterThan(1);
  expect(new Set(walk.addresses)).toEqual(new Set([address]));
  const leases = readLeases(lab.dataDir).filter((lease) => lease.mac === mac);
  expect(leases).toMatchObject([{ address, state: 'bound', holder: 'os' }]);
  const { node, boots } = await lab.node(name);
  expect(node).toMatchObject({ state: 'enrolled', binding: 1, machine: { macs: [mac] } });
  expect(boots).toHaveLength(1);
  const stages = boots[0]?.stages.map(({ stage }) => stage) ?? [];
  expect(stages).toEqual(BOOT_STAGES.filter((stage) => stages.includes(stage)));
  expect(stages.at(-1)).toBe('done');
  return stages;
}

async function askAddress({ machine, addresses }: Walk, options: DhcpOptions = {}): Promise<void> {
  addresses.push((await machine.dhcp(options))['ip']);
}

async function askAsGrub(walk: Walk): Promise<void> {
  const name = `grub/ask/mac=${walk.machine.mac}&buildarch=x86_64&platform=efi&waited=00000&giveup=&step=`;
  walk.script = (await walk.machine.curl(`tftp://${lab.address}/${name}`)).out;
}

/** The files that an answer for GRUB names, as curl names them. */
function urlsOfGrub(script: string): readonly string[] {
  return [...script.matchAll(/\(tftp,([\d.]+)\)(\/assets\/[^']+)/g)].map(([, host, path]) => `tftp://${host}${path}`);
}

async function fetchAll(machine: SimMachine, paths: readonly string[]): Promise<void> {
  expect(paths.length).toBeGreaterThan(0);
  for (const path of paths) {
    const url = path.startsWith('tftp:') ? path : machine.url(path);
    expect(await machine.curl('--fail', '-o', '/dev/null', url)).toMatchObject({ status: 0, err: '' });
  }
}

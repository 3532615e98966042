import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simMacs } from '../../src/lab/clients/macs.ts';
import type { ClientsReport } from '../../src/lab/clients/report.ts';
import type { SiteNodes } from '../../src/wire/api/views.ts';
import { type Ended, SiteLab, sha256, slipway } from '../wire/support/site-lab.ts';
import { INITRD, KERNEL, writeTemplate } from '../wire/support/template.ts';

const SEED = 7;
const KINDS = ['uefi', 'bios', 'ipxe'] as const;
const KNOWN = 6;
const GRUB_SEED = 10;
const lab = new SiteLab('br-sim', '10.66.0');

/** The same files, for the other architecture. */
const ARM = {
  assets: `    tinyarm:
      arm64:
        kernel: { source: "file://${lab.workDir}/vmlinuz", sha256: "${sha256(KERNEL)}", name: vmlinuz }
        initrds: [{ source: "file://${lab.workDir}/initrd.img", sha256: "${sha256(INITRD)}", name: initrd.img }]`,
  profiles: `    arm:
      kind: live
      boots: tinyarm
      cmdline: { console: ttyS0, ds: "nocloud-net;s=@{boot.url.nocloud}" }
      documents: { user-data: { text: "#cloud-config\\n{}\\n" } }`,
};

beforeAll(async () => {
  await lab.open();
  const kinds = KINDS.map((name) => ({ name }));
  const slots = simMacs(KNOWN, SEED, kinds).map((mac, i) => ({ name: `till-${i + 1}`, mac, host: 11 + i }));
  const [secure = '', arm = ''] = simMacs(2, GRUB_SEED, []);
  const grub = [
    { name: 'till-secure', mac: secure, host: 21 },
    { name: 'till-arm', mac: arm, host: 22, profile: 'arm' },
  ];
  writeTemplate(lab, { slots: [...slots, ...grub], ...ARM });
  await lab.start();
  await lab.untilAssetsAreHere();
});

afterAll(() => lab.end());

function clients(...flags: string[]): Promise<Ended> {
  return slipway(['lab', 'clients', '--interface', lab.bridge, '--site', lab.address, '--json', ...flags]);
}

function reportOf({ out, err }: Ended): ClientsReport {
  expect(out, err).not.toBe('');
  return JSON.parse(out) as ClientsReport;
}

describe.concurrent('slipway lab clients', () => {
  it('takes machines of several kinds to enrolled, and the site sees each as a machine of its own', async () => {
    const flags = ['--count', String(KNOWN), '--kind', KINDS.join(','), '--seed', String(SEED)];
    const ended = await clients(...flags, '--until', 'enrolled', '--give-up', '25s');
    const report = reportOf(ended);
    expect(report.failures).toEqual([]);
    expect(report).toMatchObject({ count: KNOWN, through: KNOWN, told: { live: KNOWN } });
    expect(ended.err).toMatch(/^6 simulated machines on br-sim: .* boot from 10\.66\.0\.1 alone\.$/m);
    expect(ended.status).toBe(0);
    const through = Object.fromEntries(report.stages.map(({ stage, clients: n }) => [stage, n]));
    expect(through).toMatchObject({ offer: 6, loader: 4, 'loader address': 4, script: 6, kernel: 6, 'phone-home': 6 });
    const { nodes } = await lab.ask<SiteNodes>('/api/v1/nodes');
    const tills = nodes.filter(({ slot }) => /^till-\d$/.test(slot));
    expect(tills.map(({ state, machine }) => `${state} ${machine?.manufacturer} ${machine?.product}`)).toEqual(
      Array.from({ length: KNOWN }, (_, i) => `enrolled Slipway simulated ${KINDS[i % KINDS.length]}`),
    );
  });

  it('takes machines with Secure Boot and of arm64 through shim and GRUB to enrolled, all files by TFTP', async () => {
    const flags = ['--count', '2', '--kind', 'uefi-secure,uefi-arm64', '--seed', String(GRUB_SEED), '--hurry', '5'];
    const report = reportOf(await clients(...flags, '--until', 'enrolled', '--give-up', '25s'));
    expect(report.failures).toEqual([]);
    expect(report).toMatchObject({ count: 2, through: 2, told: { live: 2 } });
    const through = Object.fromEntries(report.stages.map((row) => [row.stage, row]));
    // GRUB goes on with the address of the firmware.
    expect(through).not.toHaveProperty('loader address');
    expect(through).toMatchObject({
      'entry script': { clients: 2 },
      script: { clients: 2 },
      kernel: { clients: 2, bytes: 2 * KERNEL.length },
      initramfs: { clients: 2, bytes: 2 * INITRD.length },
      'phone-home': { clients: 2 },
    });
    const { nodes } = await lab.ask<SiteNodes>('/api/v1/nodes');
    const states = nodes.flatMap(({ slot, state }) => (/secure|arm/.test(slot) ? [`${slot} ${state}`] : []));
    expect(states.toSorted()).toEqual(['till-arm enrolled', 'till-secure enrolled']);
  });

  it('tells what unknown machines are told, and that they came no further', async () => {
    const ended = await clients(
      '--count',
      '2',
      '--kind',
      'ipxe,os',
      '--seed',
      '8',
      '--until',
      'files',
      '--give-up',
      '4s',
    );
    const report = reportOf(ended);
    expect(report).toMatchObject({ through: 1, told: { hold: 1 }, servers: [{ address: lab.address, boots: true }] });
    expect(report.failures).toMatchObject([{ reason: 'not through after 4 s, told: hold', clients: 1 }]);
    expect(ended.status).toBe(1);
  });

  it('says of kinds that have no loader here that nobody answers them', async () => {
    const kinds = ['--count', '2', '--kind', 'uefi-ia32,raspberry-pi', '--seed', '9'];
    const report = reportOf(await clients(...kinds, '--until', 'address', '--give-up', '3s'));
    expect(report).toMatchObject({ through: 0, servers: [] });
    expect(report.failures).toMatchObject([{ stage: 'offer', reason: 'not through after 3 s', clients: 2 }]);
  });

  it('leaves nothing behind, and says which network it cannot use', async () => {
    const { status, err } = await slipway(['lab', 'clients', '--interface', 'br-none', '--site', lab.address]);
    expect(status).not.toBe(0);
    expect(err).toMatch(/there is no network interface br-none/);
  });
});

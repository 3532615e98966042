import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simMacs } from '../../src/lab/clients/macs.ts';
import type { ClientsReport } from '../../src/lab/clients/report.ts';
import { fetchByTftp } from '../../src/lab/clients/tftp-fetch.ts';
import { run } from '../../src/lab/command.ts';
import { UnrulyProxy } from '../../src/lab/unruly-proxy.ts';
import { SiteLab, sha256, slipway } from '../wire/support/site-lab.ts';
import { writeTemplate } from '../wire/support/template.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const LOADER = '/usr/lib/ipxe/snponly.efi';
const KINDS = ['uefi', 'bios', 'ipxe'] as const;
const COUNT = 3;
const lab = new SiteLab('br-loss', '10.67.0');

beforeAll(async () => {
  await lab.open();
  const kinds = KINDS.map((name) => ({ name }));
  const slots = simMacs(COUNT, seed, kinds).map((mac, i) => ({ name: `till-${i + 1}`, mac, host: 11 + i }));
  writeTemplate(lab, { slots });
  await lab.start();
  await lab.untilAssetsAreHere();
});

afterAll(() => lab.end());

describe.concurrent('TFTP through a network that loses, doubles and reorders', () => {
  it.each([1, 4, 16])('brings the file whole, with windows of %i', async (windowsize) => {
    const server = { address: lab.address, port: 69 };
    const proxy = await UnrulyProxy.open(server, seed + windowsize, { drop: 0.03, duplicate: 0.05, delay: 0.05 });
    const startedAt = performance.now();
    const bytes = await fetchByTftp({
      ...{ local: lab.address, server: lab.address, port: proxy.port, file: 'snponly.efi', hurry: 1 },
      habit: { probe: true, blksize: 1_468, windowsize, waits: new Array<number>(12).fill(300) },
      signal: AbortSignal.timeout(20_000),
    }).finally(() => proxy.close());
    expect(sha256(bytes)).toBe(sha256(readFileSync(LOADER)));
    const { dropped, duplicated, delayed } = proxy.counts;
    expect(Math.min(dropped, duplicated, delayed)).toBeGreaterThan(0);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });
});

describe('a network that loses one packet of ten in each direction', () => {
  it('keeps no machine from the whole way', async () => {
    const lose = ['-m', 'statistic', '--mode', 'random', '--probability', '0.1', '-j', 'DROP'];
    await run(['iptables', '-I', 'INPUT', '-i', lab.bridge, ...lose]);
    await run(['iptables', '-I', 'OUTPUT', '-o', lab.bridge, ...lose]);
    try {
      const flags = [
        '--interface',
        lab.bridge,
        '--site',
        lab.address,
        '--count',
        String(COUNT),
        '--kind',
        KINDS.join(','),
        '--json',
      ];
      const { out, err } = await slipway([
        'lab',
        'clients',
        ...flags,
        '--seed',
        String(seed),
        '--until',
        'enrolled',
        '--give-up',
        '25s',
        '--hurry',
        '10',
      ]);
      const report = JSON.parse(out || err) as ClientsReport;
      expect(report.failures).toEqual([]);
      expect(report.through).toBe(COUNT);
      const dropped = await run(['iptables', '-L', 'INPUT', '-v', '-x', '-n']);
      expect(Number(/^\s*(\d+) .*DROP.*br-loss/m.exec(dropped)?.[1])).toBeGreaterThan(0);
    } finally {
      await run(['iptables', '-D', 'INPUT', '-i', lab.bridge, ...lose]);
      await run(['iptables', '-D', 'OUTPUT', '-o', lab.bridge, ...lose]);
    }
  });
});

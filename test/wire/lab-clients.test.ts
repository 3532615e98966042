import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simMacs } from '../../src/lab/clients/macs.ts';
import type { ClientsReport } from '../../src/lab/clients/report.ts';
import { type Ended, SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const SEED = 7;
const KINDS = ['uefi', 'bios', 'ipxe'] as const;
const KNOWN = 6;
const lab = new SiteLab('br-sim', '10.66.0');

beforeAll(async () => {
  await lab.open();
  const macs = simMacs(
    KNOWN,
    SEED,
    KINDS.map((name) => ({ name })),
  );
  writeTemplate(lab, { slots: macs.map((mac, i) => ({ name: `till-${i + 1}`, mac, host: 11 + i })) });
  await lab.start();
  await lab.untilAssetsAreHere();
});

afterAll(() => lab.end());

function clients(...flags: string[]): Promise<Ended> {
  return slipway(['lab', 'clients', '--interface', lab.bridge, '--json', ...flags]);
}

function reportOf({ out, err }: Ended): ClientsReport {
  expect(out, err).not.toBe('');
  return JSON.parse(out) as ClientsReport;
}

describe('slipway lab clients', () => {
  it('takes machines of several kinds to enrolled, and the site sees each as a machine of its own', async () => {
    const flags = ['--count', String(KNOWN), '--kind', KINDS.join(','), '--seed', String(SEED)];
    const ended = await clients(...flags, '--until', 'enrolled', '--give-up', '25s');
    const report = reportOf(ended);
    console.log(JSON.stringify(report, undefined, 1), ended.err);
    expect(report).toMatchObject({ through: KNOWN, failures: [], told: { live: KNOWN } });
  });
});

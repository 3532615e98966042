import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFile } from '../../src/adapters/node/package-file.ts';
import { simMacs } from '../../src/lab/clients/macs.ts';
import type { ClientsReport, Goal } from '../../src/lab/clients/report.ts';
import { run } from '../../src/lab/command.ts';
import { createHost, type Host } from '../../src/lab/network.ts';
import { startSite } from '../../src/lab/site-process.ts';
import type { Bench, Part, Row } from './part.ts';
import { peakMemory, type Rival } from './process.ts';

const MIB = 1024 * 1024;
const SITE = '10.80.5.1';
const KINDS = ['uefi', 'bios'] as const;
/** A template has up to 500 slots: as many machines again are unknown here, and are held at their scripts. */
const KNOWN = { seed: 21, until: 'enrolled', count: 500 } as const;
const UNKNOWN = { seed: 22, until: 'script', count: 500 } as const;
const MEMORY_MIB = 300;
const ANSWER_MS = 1_000;

type Crowd = { readonly seed: number; readonly until: Goal; readonly count: number };

/** The power comes back: a thousand machines begin in the same second, with firmware's own waits. */
export const storm: Part = {
  title: 'a thousand machines at once',
  run: async (bench) => {
    const host = await createHost('storm', 'br0', { address: `${SITE}/16` });
    let rival: Rival | undefined;
    try {
      rival = await startSlipway(bench, host);
      const crowds = [KNOWN, UNKNOWN].map((crowd) => ({ ...crowd, count: bench.quick ? 100 : crowd.count }));
      const reports = await Promise.all(crowds.map(bootAll));
      return [...rowsOf(reports), memoryRow(await peakMemory(rival.pid))];
    } finally {
      await rival?.stop();
      await host.close();
    }
  },
};

async function startSlipway({ dir }: Bench, host: Host): Promise<Rival> {
  const workDir = await mkdtemp(join(dir, 'storm-'));
  const asset = async (name: string, mib: number) => {
    const bytes = randomBytes(mib * MIB);
    await writeFile(join(workDir, name), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { source: `file://${join(workDir, name)}`, sha256, name };
  };
  const macs = simMacs(
    KNOWN.count,
    KNOWN.seed,
    KINDS.map((name) => ({ name })),
  );
  const slots = macs.map((mac, i) => [`till-${i + 1}`, { profile: 'live', match: [{ mac }] }]);
  const spec = {
    networks: {
      nodes: { subnet: '10.80.0.0/16', pool: '10.80.16.0..10.80.250.255', lease: { firmware: '5m', os: '30m' } },
    },
    assets: { tiny: { amd64: { kernel: await asset('vmlinuz', 2), initrds: [await asset('initrd.img', 8)] } } },
    profiles: {
      live: {
        kind: 'live',
        boots: 'tiny',
        cmdline: { ds: 'nocloud-net;s=@{boot.url.nocloud}' },
        documents: { 'user-data': { text: '#cloud-config\n{}\n' } },
      },
    },
    // The files are small here, and a machine in the queue asks every five seconds.
    admission: { starts: 64 },
    slots: Object.fromEntries(slots),
  };
  // JSON is YAML.
  const text = JSON.stringify({ apiVersion: 'slipway/v1', kind: 'SiteTemplate', metadata: { name: 'bench' }, spec });
  const template = join(workDir, 'bench.yaml');
  await writeFile(template, text);
  const config = `site: bench\ninterfaces: { nodes: eth0 }\ntemplate: ${template}\n`;
  return startSite({ workDir, config, on: (argv) => host.argv(...argv) });
}

async function bootAll({ seed, until, count }: Crowd): Promise<ClientsReport> {
  const flags = ['--interface', 'br0', '--site', SITE, '--json', '--give-up', '3m', '--kind', KINDS.join(',')];
  const which = ['--count', String(count), '--seed', String(seed), '--until', until];
  const clients = [process.execPath, packageFile('bin/slipway.js'), 'lab', 'clients', ...flags, ...which];
  // It ends with 1 when one machine failed, and its report says which.
  const said = await run(['sh', '-c', '"$@" || [ $? = 1 ]', 'sh', ...clients]);
  return JSON.parse(said) as ClientsReport;
}

function rowsOf(reports: readonly ClientsReport[]): Row[] {
  const sum = (of: (report: ClientsReport) => number) => reports.reduce((all, report) => all + of(report), 0);
  const count = sum((report) => report.count);
  const through = sum((report) => report.through);
  const lost = reports.flatMap(({ failures }) =>
    failures.map(({ clients, stage, reason }) => `${clients} at ${stage}: ${reason}`),
  );
  const seconds = Math.max(...reports.map((report) => report.seconds));
  const slipway = [`${through} of ${count} in ${seconds.toFixed(0)} s`, ...lost].join('; ');
  const slowest = reports
    .flatMap(({ stages }) => stages)
    .reduce((worst, stage) => (stage.answer.p99 > worst.answer.p99 ? stage : worst));
  const ms = slowest.answer.p99;
  return [
    { what: 'came through', reached: { slipway }, ratio: through / count, goal: { atLeast: 1 } },
    {
      what: `slowest stage to its first byte, p99`,
      reached: { slipway: `${slowest.stage} ${ms.toFixed(0)} ms` },
      ratio: ms / ANSWER_MS,
      goal: { atMost: 1 },
    },
  ];
}

function memoryRow(mib: number): Row {
  const reached = { slipway: `${mib.toFixed(0)} MiB` };
  return { what: `most memory, of ${MEMORY_MIB} MiB`, reached, ratio: mib / MEMORY_MIB, goal: { atMost: 1 } };
}

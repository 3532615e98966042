import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { packageFile } from '../adapters/node/package-file.ts';
import { formatDuration } from '../kernel/duration.ts';
import { AppError } from '../kernel/errors.ts';
import { type BootReport, bootOnce } from '../lab/boot.ts';
import { labCacheDir } from '../lab/cache.ts';
import { ensureDebianPackages, packagesFor } from '../lab/debian.ts';
import { type GuestSystem, prepareDemoSystem } from '../lab/demo-site.ts';
import { DEMO_FIRMWARES, type FirmwareName } from '../lab/firmware.ts';
import { enterNamespace, isInsideNamespace } from '../lab/namespace.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import type { CliIo } from './io.ts';
import { addLabClientsCommand } from './lab-clients.ts';
import { addLabSitesCommand } from './lab-sites.ts';

type BootOptions = {
  readonly firmware: FirmwareName;
  readonly timeout: number;
  readonly logs?: string;
  readonly json?: boolean;
};

const LAUNCHER = packageFile('bin/slipway.js');

/** `slipway lab boot`: a real virtual machine boots from a real site that head office steers, on a network that touches nothing else. */
export function addLabCommand(program: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  const lab = program.command('lab').description('virtual hardware to try Slipway with');
  addLabSitesCommand(lab, io, setStatus);
  addLabClientsCommand(lab, io, setStatus);
  lab
    .command('boot')
    .description(
      'show the whole way: head office, a site that joins it, a virtual machine that boots to enrolled, a WAN that is cut',
    )
    .addOption(new Option('--firmware <name>', 'firmware of the machine').choices(DEMO_FIRMWARES).default('bios'))
    .addOption(new Option('--timeout <seconds>', 'give up after this time').default(600).argParser(seconds))
    .option('--logs <dir>', 'keep console, log and data of the run here (default: a folder in the cache)')
    .option('--json', 'print one JSON object at the end, and nothing else on standard output')
    .addOption(new Option('--prepared <file>').hideHelp())
    .action(async (options: BootOptions & { prepared?: string }) => {
      if (options.prepared && isInsideNamespace()) await bootInside(options, options.prepared, io);
      else setStatus(await bootOutside(options, io));
    });
}

/** Sets everything up that needs the real network, then goes on in a namespace. */
async function bootOutside(options: BootOptions, io: CliIo): Promise<ExitStatus> {
  const say = (text: string): void => (options.json ? io.writeError : io.write)(`   ${text}\n`);
  await ensureDebianPackages(packagesFor('boot'), say);
  const cacheDir = labCacheDir();
  const system = await prepareDemoSystem(cacheDir, say);
  const workDir =
    options.logs ?? join(cacheDir, 'runs', `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${options.firmware}`);
  await mkdir(workDir, { recursive: true });
  const prepared = join(workDir, 'prepared.json');
  await writeFile(prepared, JSON.stringify({ system, workDir }));
  const flags = [
    '--firmware',
    options.firmware,
    '--timeout',
    String(options.timeout),
    '--prepared',
    prepared,
    ...(options.json ? ['--json'] : []),
  ];
  const status = await enterNamespace([process.execPath, LAUNCHER, 'lab', 'boot', ...flags]);
  return Object.values(EXIT).find((known) => known === status) ?? EXIT.unavailable;
}

async function bootInside(options: BootOptions, preparedPath: string, io: CliIo): Promise<void> {
  const { system, workDir } = JSON.parse(await readFile(preparedPath, 'utf8')) as {
    system: GuestSystem;
    workDir: string;
  };
  const say = (text: string): void => (options.json ? io.writeError : io.write)(`${text}\n`);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  const report = await bootOnce(
    { firmware: options.firmware, system, workDir, timeoutMs: options.timeout * 1000 },
    {
      event: (event, atMs) => say(`${(atMs / 1000).toFixed(1).padStart(7)} s  ${event.sentence}`),
      note: (text) => say(`           ${text}`),
      command: (text) => say(`         $ ${text}`),
    },
    stop.signal,
  );
  if (options.json) io.write(`${JSON.stringify(report)}\n`);
  else io.write(summary(report));
}

function summary(report: BootReport): string {
  const rows = report.stages.map(({ stage, atMs }, index) => {
    const took = atMs - (report.stages[index - 1]?.atMs ?? 0);
    return `  ${stage.padEnd(12)} after ${formatDuration(atMs).padStart(9)}   (+ ${formatDuration(took)})`;
  });
  return [
    '',
    `Enrolled ${formatDuration(report.totalMs)} after switching on.`,
    ...rows,
    `Console of the machine: ${report.consolePath}`,
    `Log of the site:        ${report.siteLogPath}`,
    `Log of head office:     ${report.hubLogPath}`,
    '',
  ].join('\n');
}

function seconds(text: string): number {
  const n = Number(text);
  if (!(Number.isInteger(n) && n > 0 && n <= 86_400))
    throw new AppError('usage-invalid', '--timeout takes whole seconds, up to a day');
  return n;
}

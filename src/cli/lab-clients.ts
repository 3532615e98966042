import { type Command, Option } from 'commander';
import { packageFile } from '../adapters/node/package-file.ts';
import { parseDuration } from '../kernel/duration.ts';
import { AppError } from '../kernel/errors.ts';
import { type Ipv4, parseIpv4 } from '../kernel/ipv4.ts';
import { SIM_KINDS, type SimKindName } from '../lab/clients/kinds.ts';
import { inOwnNamespace, OWN_DEVICE } from '../lab/clients/own-namespace.ts';
import { type ClientsProgress, type ClientsReport, GOALS, type Goal } from '../lab/clients/report.ts';
import { runClients } from '../lab/clients/run-clients.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import type { CliIo } from './io.ts';
import { formatTable } from './table.ts';

type ClientsFlags = {
  readonly count: number;
  readonly kind: readonly SimKindName[];
  readonly interface: string;
  readonly site: Ipv4;
  readonly until: Goal;
  readonly rate?: number;
  readonly giveUp: number;
  readonly seed: number;
  readonly hurry: number;
  readonly json?: boolean;
  readonly inside?: boolean;
};

/** `slipway lab clients`: simulated machines that boot from the site of a network, as a load test and before the first real one. */
export function addLabClientsCommand(lab: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  lab
    .command('clients')
    .description(
      'let simulated machines boot from the site of a network, and print how long each step took; needs root',
    )
    .requiredOption('--interface <device>', 'the network card that is in the network of the nodes')
    .requiredOption('--site <address>', 'the site that they boot from, and from no other', address)
    .addOption(new Option('--count <n>', 'how many').default(1).argParser(whole('--count', 1, 5_000)))
    .addOption(
      new Option('--kind <list>', `their firmware, in turns: ${SIM_KINDS.join(', ')}`)
        .default(['uefi', 'bios'] satisfies SimKindName[], 'uefi,bios')
        .argParser(kinds),
    )
    .addOption(new Option('--until <goal>', 'how far each goes').choices(GOALS).default('script'))
    .addOption(
      new Option('--rate <n>', 'switch on so many a second (default: all at once)').argParser(
        whole('--rate', 1, 5_000),
      ),
    )
    .addOption(
      new Option('--give-up <time>', 'a machine that is not there by then has failed')
        .default(120_000, '2m')
        .argParser(duration('--give-up')),
    )
    .addOption(
      new Option('--seed <n>', 'another number, other machines').default(1).argParser(whole('--seed', 0, 65_535)),
    )
    .option('--json', 'print one JSON object at the end, and nothing else on standard output')
    // All waits of the machines so many times shorter: for tests of what is lost on the way.
    .addOption(
      new Option('--hurry <n>')
        .default(1)
        .argParser(whole('--hurry', 1, 100))
        .hideHelp(),
    )
    .addOption(new Option('--inside').hideHelp())
    .action(async (flags: ClientsFlags) => {
      setStatus(flags.inside ? await runInside(flags, io) : await runOutside(flags, io));
    });
}

/** All that is changed for the machines is changed in a network namespace of their own, which ends with this command. */
async function runOutside(flags: ClientsFlags, io: CliIo): Promise<ExitStatus> {
  const who = `${flags.count} simulated machine${flags.count === 1 ? '' : 's'}`;
  io.writeError(
    `${who} on ${flags.interface}: all DHCP servers there hear them, and they boot from ${flags.site} alone.\n`,
  );
  const own = packageFile('bin/slipway.js');
  const status = await inOwnNamespace(flags.interface, [process.execPath, own, ...process.argv.slice(2), '--inside']);
  return Object.values(EXIT).find((known) => known === status) ?? EXIT.unavailable;
}

async function runInside(flags: ClientsFlags, io: CliIo): Promise<ExitStatus> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  const { count, kind, until, rate, giveUp, seed, site, hurry } = flags;
  const report = await runClients({
    ...{ count, site, kinds: kind, device: OWN_DEVICE, until, seed, hurry, giveUpMs: giveUp, signal: stop.signal },
    ...(rate === undefined ? {} : { perSecond: rate }),
    onProgress: (progress) => io.writeError(`${formatProgress(progress)}\n`),
  });
  io.write(flags.json ? `${JSON.stringify(report)}\n` : formatClientsReport(report));
  return report.through === report.count ? EXIT.ok : EXIT.finding;
}

function formatProgress({ seconds, through, failed, at }: ClientsProgress): string {
  const places = Object.entries(at).map(([stage, n]) => `${n} at ${stage}`);
  return `${seconds.toFixed(0).padStart(5)} s  ${through} through, ${failed} failed${places.length > 0 ? `; ${places.join(', ')}` : ''}`;
}

/** The servers that answered, the time of each stage, and what failed. */
export function formatClientsReport(report: ClientsReport): string {
  const { count, through, until, seconds, servers, told, stages, failures } = report;
  const heard = servers.map(({ address: at, offers, boots }) => `${at} (${offers} offers${boots ? ', boots' : ''})`);
  const tellings = Object.entries(told).map(([what, n]) => `${n} ${what}`);
  const rows = stages.map(({ stage, clients, answer, whole: all, repeats, bytes }) => [
    ...[stage, String(clients), ...[answer.p50, answer.p90, answer.p99, answer.max].map(inMs)],
    ...[inMs(all.p50), inMs(all.max), String(repeats), bytes === 0 ? '-' : `${(bytes / 2 ** 20).toFixed(1)} MiB`],
  ]);
  const head = ['STAGE', 'CLIENTS', 'P50', 'P90', 'P99', 'MAX', 'WHOLE P50', 'WHOLE MAX', 'REPEATS', 'BYTES'];
  const lost = failures.map(({ clients, stage, reason, mac }) => [String(clients), stage, reason, mac]);
  return [
    `DHCP servers heard: ${heard.join(', ') || 'none'}.\n`,
    tellings.length === 0 ? '' : `Their scripts told them: ${tellings.join(', ')}.\n`,
    rows.length === 0 ? '' : `\n${formatTable(head, rows)}`,
    lost.length === 0 ? '' : `\n${formatTable(['FAILED', 'AT', 'WHY', 'ONE OF THEM'], lost)}`,
    `\n${through} of ${count} came as far as ${until}, in ${seconds.toFixed(1)} s.\n`,
  ].join('');
}

function inMs(ms: number): string {
  return ms < 10_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function kinds(text: string): readonly SimKindName[] {
  return text.split(',').map((name) => {
    const known = SIM_KINDS.find((kind) => kind === name.trim());
    if (known === undefined)
      throw new AppError('usage-invalid', `--kind knows ${SIM_KINDS.join(', ')}, and not ${name}`);
    return known;
  });
}

function address(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (!parsed) throw new AppError('usage-invalid', '--site takes an address such as 10.0.0.1');
  return parsed;
}

function whole(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (/^\d+$/.test(text) && n >= least && n <= most) return n;
    throw new AppError('usage-invalid', `${option} takes a whole number from ${least} to ${most}`);
  };
}

function duration(option: string): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= 1_000 && ms <= 24 * 3_600_000) return ms;
    throw new AppError('usage-invalid', `${option} takes a time such as 30s or 5m, up to a day`);
  };
}

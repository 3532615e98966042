import { type Command, Option } from 'commander';
import { AppError } from '../kernel/errors.ts';
import { runSite } from '../site/run-site.ts';
import type { CliIo } from './io.ts';

type SiteCommandOptions = {
  readonly config: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly fault?: Faults;
};

type Faults = { readonly fsyncDelayMs?: number; readonly linkDelayMs?: number; readonly lookDelayMs?: number };

const FAULTS: Readonly<Record<string, keyof Faults>> = {
  fsync: 'fsyncDelayMs',
  link: 'linkDelayMs',
  look: 'lookDelayMs',
};

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** `slipway site`: the appliance itself. */
export function addSiteCommand(program: Command, _io: CliIo): void {
  program
    .command('site')
    .description('run the appliance: DHCP, TFTP, HTTP and the metadata of one site')
    .requiredOption('--config <file>', 'the site file, for example /etc/slipway/site.yaml')
    .addOption(new Option('--log-level <level>', 'which log lines to write').choices(LOG_LEVELS).default('info'))
    .addOption(
      new Option('--fault <name=value>', 'for tests: fsync-delay=MILLISECONDS, link-delay=…, look-delay=…')
        .argParser(fault)
        .hideHelp(),
    )
    .action(({ config, logLevel, fault: injected }: SiteCommandOptions) =>
      runSite({
        configPath: config,
        logLevel,
        fsyncDelayMs: injected?.fsyncDelayMs ?? 0,
        linkDelayMs: injected?.linkDelayMs,
        lookDelayMs: injected?.lookDelayMs,
      }),
    );
}

function fault(text: string, before: Faults = {}): Faults {
  const [, name = '', delay] = /^(fsync|link|look)-delay=(\d{1,5})$/.exec(text) ?? [];
  const key = FAULTS[name];
  if (key === undefined) throw new AppError('usage-invalid', `--fault does not know ${JSON.stringify(text)}`);
  return { ...before, [key]: Number(delay) };
}

import { type Command, Option } from 'commander';
import { runHub } from '../hub/run-hub.ts';
import { AppError } from '../kernel/errors.ts';
import type { ExitStatus } from './exit.ts';
import { addHubAlarmsCommand } from './hub-alarms.ts';
import { addHubAuditCommand } from './hub-audit.ts';
import { addHubBackupCommands } from './hub-backup.ts';
import { addHubIdentityCommands } from './hub-identity.ts';
import { addHubPublishCommands } from './hub-publish.ts';
import { addHubRootsCommands } from './hub-roots.ts';
import { addHubSiteCommands } from './hub-sites.ts';
import { addHubTokenCommands } from './hub-tokens.ts';
import type { CliIo } from './io.ts';

type HubCommandOptions = {
  readonly config?: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly fault?: HubFaults;
};

type HubFaults = { readonly fsyncDelayMs?: number; readonly pollMaxMs?: number };

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** `slipway hub --config FILE` is head office itself; with a word behind it, a command to one that runs. */
export function addHubCommand(program: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  const hub = program
    .command('hub')
    .description('head office: run it with --config, or ask one that runs')
    // Not required by commander, which would ask for it with each word behind `hub`, too.
    .option('--config <file>', 'run head office by this file, for example /etc/slipway/hub.yaml')
    .addOption(new Option('--log-level <level>', 'which log lines to write').choices(LOG_LEVELS).default('info'))
    .addOption(
      new Option('--fault <name=value>', 'for tests: fsync-delay=MILLISECONDS, poll-max=MILLISECONDS')
        .argParser(fault)
        .hideHelp(),
    )
    .action(async ({ config, logLevel, fault: injected }: HubCommandOptions) => {
      if (config === undefined)
        throw new AppError('usage-invalid', 'slipway hub needs --config FILE, or one of its commands');
      const version = program.version() ?? '';
      await runHub({
        ...{ configPath: config, logLevel, version, fsyncDelayMs: injected?.fsyncDelayMs ?? 0 },
        pollMaxMs: injected?.pollMaxMs,
      });
    });
  addHubBackupCommands(hub, io);
  addHubAuditCommand(hub, io, setStatus);
  addHubAlarmsCommand(hub, io);
  addHubSiteCommands(hub, io);
  addHubPublishCommands(hub, io, setStatus);
  addHubTokenCommands(hub, io);
  addHubIdentityCommands(hub, io);
  addHubRootsCommands(hub, io);
}

function fault(text: string, before: HubFaults = {}): HubFaults {
  const [, name, ms] = /^(fsync-delay|poll-max)=(\d{1,5})$/.exec(text) ?? [];
  if (name === undefined) throw new AppError('usage-invalid', `--fault does not know ${JSON.stringify(text)}`);
  return { ...before, [name === 'fsync-delay' ? 'fsyncDelayMs' : 'pollMaxMs']: Number(ms) };
}

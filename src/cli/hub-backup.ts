import type { Command } from 'commander';
import { defaultHubSocket } from '../adapters/http/hub-client.ts';
import { backupHub, restoreHub } from '../hub/keep-hub.ts';
import { readHubConfig } from '../hub/run-hub.ts';
import type { LastBackup } from '../model/fleet/last-backup.ts';
import { hubClientOf } from './hub-place.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';

const CONFIG = '/etc/slipway/hub.yaml';

type Options = { readonly config?: string; readonly socket: string; readonly json?: boolean };

/** `slipway hub backup` and `slipway hub restore`: at the machine of the hub, by its file. */
export function addHubBackupCommands(hub: Command, io: CliIo): void {
  hub
    .command('backup')
    .description('write all that head office is to one file, also while it runs; the file has its private keys')
    .argument('<file>', 'where to, on another disk; an older backup there is replaced')
    .option('--config <file>', `the hub file; ${CONFIG} if none is named`)
    .option('--socket <path>', 'control socket of head office, which is told of its backup', defaultHubSocket())
    .addOption(jsonOption())
    .action((file: string, _options: unknown, command: Command) => backup(file, command.optsWithGlobals(), io));
  hub
    .command('restore')
    .description('put a backup in the place of a head office that does not run; what was there is kept')
    .argument('<file>', 'the backup')
    .option('--config <file>', `the hub file; ${CONFIG} if none is named`)
    .addOption(jsonOption())
    .action((file: string, _options: unknown, command: Command) => restore(file, command.optsWithGlobals(), io));
}

async function backup(path: string, { config: file = CONFIG, socket, json }: Options, io: CliIo): Promise<void> {
  const config = await readHubConfig(file);
  const tell = async ({ at, path: written, bytes }: LastBackup): Promise<void> => {
    try {
      await hubClientOf({ socket }).post('backups', { at, path: written, bytes });
    } catch (error) {
      io.writeError(`${written} is written and whole, but head office was not told, so that its alarm may come:\n`);
      throw error;
    }
  };
  const made = await backupHub({ config, path, tell });
  if (json) io.write(`${JSON.stringify(made)}\n`);
  else
    io.write(
      `${made.path}: ${megabytes(made.bytes)}. It has the private keys of head office: keep it as you keep keys.\n`,
    );
}

async function restore(path: string, { config: file = CONFIG, json }: Options, io: CliIo): Promise<void> {
  const config = await readHubConfig(file);
  const restored = restoreHub({ config, backup: path });
  if (json) return io.write(`${JSON.stringify(restored)}\n`);
  const kept = restored.aside === undefined ? '' : `What was there is kept in ${restored.aside}.\n`;
  io.write(
    `${config.dataDir} is restored, with ${restored.files} files of the authority, under a new epoch.\n${kept}` +
      'The files must belong to the user of the service. Then start it, and revoke and withdraw again what was after the backup.\n',
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

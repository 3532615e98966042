import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { packageFile } from '../adapters/node/package-file.ts';
import { AppError } from '../kernel/errors.ts';
import { addDoctorCommand } from './doctor.ts';
import { addEventsCommand } from './events.ts';
import { addExamples } from './examples.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { addHubCommand } from './hub.ts';
import { addArchiveCommands } from './image-archives.ts';
import { addImageFileCommands } from './image-files.ts';
import { addImageCommands } from './images.ts';
import { type CliIo, processIo } from './io.ts';
import { addJoinCommand } from './join.ts';
import { addLabCommand } from './lab.ts';
import { addNodeCommands } from './nodes.ts';
import { addOrderCommands } from './orders.ts';
import { addRevisionCommands } from './revision.ts';
import { addSecretCommands } from './secret.ts';
import { addSiteCommand } from './site.ts';
import { addStatusCommand } from './status.ts';
import { addTemplateCommands } from './template.ts';

/** A command hands its exit status to this. */
export type SetStatus = (status: ExitStatus) => void;

/** All commands of Slipway; nothing runs before `parseAsync`. */
export function createProgram(io: CliIo, setStatus: SetStatus): Command {
  const program = new Command('slipway')
    .description('Boots the bare-metal nodes of a store: DHCP, TFTP, HTTP and iPXE, with their metadata.')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(add --help for what is possible)')
    .configureOutput({ writeOut: io.write, writeErr: io.writeError });
  addSiteCommand(program, io);
  addHubCommand(program, io, setStatus);
  addStatusCommand(program, io, setStatus);
  addNodeCommands(program, io);
  addEventsCommand(program, io);
  addOrderCommands(program, io);
  addJoinCommand(program, io);
  addRevisionCommands(program, io);
  addSecretCommands(program, io);
  addImageCommands(program, io, setStatus);
  addImageFileCommands(program, io);
  addArchiveCommands(program, io, setStatus);
  addTemplateCommands(program, io, setStatus);
  addDoctorCommand(program, io, setStatus);
  addLabCommand(program, io, setStatus);
  addExamples(program);
  return program;
}

/** Runs one command line and answers with the exit status; a failure is one readable sentence on stderr. */
export async function runProgram(argv: readonly string[], io: CliIo = processIo): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.ok;
  const program = createProgram(io, (wanted) => {
    status = wanted;
  });
  exitByThrowing(program);
  try {
    await program.parseAsync(argv as string[]);
    return status;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return explain(AppError.from(thrown), io);
  }
}

/** Says what happened, what to do, and where to look it up. */
function explain(error: AppError, io: CliIo): ExitStatus {
  io.writeError(`slipway: ${error.message} (${error.code})\n${error.help}\n`);
  if (error.code === 'interrupted') return EXIT.interrupted;
  if (error.family !== 'ours') return error.family === 'caller' ? EXIT.usage : EXIT.unavailable;
  io.writeError(`${(error.cause as Error | undefined)?.stack ?? error.stack ?? ''}\n`);
  return EXIT.bug;
}

/** commander ends the process by itself otherwise, and only main may do that. */
function exitByThrowing(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitByThrowing(child);
}

function packageVersion(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

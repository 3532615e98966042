import type { Command } from 'commander';
import { askSite, tellSite } from '../adapters/http/control-client.ts';
import type { CommandReply } from '../wire/api/commands.ts';
import type { FreezeBody, RevisionView } from '../wire/api/revision.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';
import { formatTime } from './table.ts';

type FreezeOptions = AskOptions & { readonly until: string; readonly because?: string };

/** `slipway revision`, `revision retry`, `freeze` and `thaw`: what a store runs, and when it may change. */
export function addRevisionCommands(program: Command, io: CliIo): void {
  const tell = async (options: AskOptions, path: string, body: object): Promise<void> => {
    const reply = await tellSite<CommandReply>(options.socket, path, body);
    io.write(options.json ? `${JSON.stringify(reply, undefined, 2)}\n` : `${reply.sentence}\n`);
  };
  const revision = program
    .command('revision')
    .description('the revision in force, the one that head office wants, and why they are not the same')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(async (options: AskOptions) => {
      const view = await askSite<RevisionView>(options.socket, '/api/v1/revision');
      io.write(options.json ? `${JSON.stringify(view, undefined, 2)}\n` : formatRevisionView(view));
    });
  revision
    .command('retry')
    .description('tries a revision once more that was refused or did not work here')
    .action((_: unknown, command: Command) =>
      tell(command.optsWithGlobals<AskOptions>(), '/api/v1/revision/retry', {}),
    );
  program
    .command('freeze')
    .description('lets no revision come into force for a while; orders and boots go on')
    .requiredOption('--until <time>', 'a time of day at the store, such as 20:00, or how long, such as 2h')
    .option('--because <text>', 'why, for people here and at head office')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(({ until, because, ...options }: FreezeOptions) => {
      const body: FreezeBody = { until, ...(because === undefined ? {} : { because }) };
      return tell(options, '/api/v1/freeze', body);
    });
  program
    .command('thaw')
    .description('ends a freeze')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action((options: AskOptions) => tell(options, '/api/v1/thaw', {}));
}

/** The view as a person reads it. */
export function formatRevisionView({ inForce, steered, templateRefused }: RevisionView): string {
  const lines = [
    `in force  ${inForce ? `${inForce.number} of template ${inForce.template} (${inForce.digest.slice(0, 12)})` : 'none'}`,
    ...(templateRefused === undefined ? [] : [`REFUSED   the template on disk: ${templateRefused}`]),
    ...(steered ? formatSteered(steered) : ['from      the template of this site']),
  ];
  return `${lines.join('\n')}\n`;
}

function formatSteered({ sentence, confirmed, wanted, freeze, bad }: NonNullable<RevisionView['steered']>): string[] {
  return [
    `confirmed ${confirmed ?? 'none'}`,
    `wanted    ${wanted ? `${wanted.number}, ${wanted.state} since ${formatTime(wanted.since)}` : 'none'}`,
    `state     ${sentence}`,
    ...(freeze ? [formatFreeze(freeze)] : []),
    ...bad.map(({ number, at, because }) => `bad       ${number}, since ${formatTime(at)}: ${because}`),
  ];
}

/** The line of a freeze, here and in `slipway status`. */
export function formatFreeze({ until, by, because }: { until: number; by: string; because?: string }): string {
  return `FROZEN    until ${formatTime(until)} by ${by}${because === undefined ? '' : `: ${because}`} (slipway thaw ends it)`;
}

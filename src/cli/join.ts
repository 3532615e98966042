import type { Command } from 'commander';
import { tellSite } from '../adapters/http/control-client.ts';
import { AppError } from '../kernel/errors.ts';
import type { CommandReply } from '../wire/api/commands.ts';
import { parseInviteCode } from '../wire/link/invite-code.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';

/** `slipway join CODE`: a box becomes the one that speaks for its site at head office. */
export function addJoinCommand(program: Command, io: CliIo): void {
  program
    .command('join')
    .description('has this box join head office by a code of slipway hub invite')
    .argument('<code...>', 'the code: 24 letters, with or without hyphens and blanks')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(async (words: readonly string[], options: AskOptions) => {
      const code = words.join(' ');
      // A slip is found here, before anybody is asked.
      const read = parseInviteCode(code);
      if (!read.ok) throw new AppError('invite-refused', read.error);
      const reply = await tellSite<CommandReply>(options.socket, '/api/v1/join', { code });
      io.write(options.json ? `${JSON.stringify(reply, undefined, 2)}\n` : `${reply.sentence}\n`);
    });
}

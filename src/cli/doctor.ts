import type { Command } from 'commander';
import { examineSite } from '../site/doctor.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';

const marks = { ok: 'ok     ', warning: 'LOOK   ', failed: 'FAILED ', unseen: 'UNSEEN ' } as const;

/** `slipway doctor`: each line is in order, or says what to do. */
export function addDoctorCommand(program: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  program
    .command('doctor')
    .description(
      'check what the site needs, and what it serves: each line is in order, or says what to do; changes nothing',
    )
    .requiredOption('--config <file>', 'the site file')
    .addOption(jsonOption())
    .action(async (options: { config: string; json?: boolean }) => {
      const results = await examineSite(options.config, process.env);
      if (options.json) io.write(`${JSON.stringify({ checks: results }, undefined, 2)}\n`);
      else
        for (const { verdict, name, says, doThis } of results)
          io.write(`${marks[verdict]}${name}: ${says}\n${doThis ? `       ${doThis}\n` : ''}`);
      if (results.some((result) => result.verdict === 'failed')) setStatus(EXIT.finding);
    });
}

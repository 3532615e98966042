import type { IncomingMessage } from 'node:http';
import { readText } from '../adapters/node/files.ts';
import { AppError } from '../kernel/errors.ts';
import { LogBudget } from '../kernel/log-budget.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { Command, CommandDesk, NetworkCommand } from '../model/commands.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import { CommandGate } from './api/commands.ts';

/** A neighbour that is turned away is told of so often in this time: who knocks must not fill the disk. */
const WINDOW_MS = 10 * 60_000;
const TOLD_OF_ONE = 3;
const TOLD_OF_ALL = 30;

/** The door for commands, with the PIN read from its file at each use, and refusals written down. */
export function createCommandGate(parts: {
  readonly desk: CommandDesk<Command | NetworkCommand>;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: () => readonly SiteAddress[];
  readonly pinFile: string | undefined;
  readonly isControl: (request: IncomingMessage) => boolean;
}): CommandGate {
  const { desk, store, clock, log, addresses, pinFile, isControl } = parts;
  const ofOne = new LogBudget(clock, TOLD_OF_ONE, WINDOW_MS);
  const ofAll = new LogBudget(clock, TOLD_OF_ALL, WINDOW_MS);
  const onRefused = (because: string, remote: string): void => {
    // The last octet: 256 topics at most, however many addresses somebody makes up.
    const spent = ofOne.spend(remote.split('.').at(-1) ?? '');
    if (!spent || !ofAll.spend('all')) return;
    const more = spent.leftOut > 0 ? `; ${spent.leftOut} more were not written down` : '';
    log.warn({ remote, because, leftOut: spent.leftOut }, 'a request was refused');
    const sentence = `A command or question from ${remote} was refused: ${because}${more}`;
    store
      .commit([], [{ type: 'command-refused', at: clock.now(), sentence, data: { remote, because } }])
      .catch((error: unknown) =>
        log.warn({ reason: AppError.from(error).message }, 'a refusal could not be written down'),
      );
  };
  return new CommandGate({ desk, addresses, isControl, clock, onRefused, readPin: () => readPin(pinFile) });
}

/** The PIN without the line end that editors add; an empty file is no PIN. */
async function readPin(path: string | undefined): Promise<string | undefined> {
  const text = path === undefined ? undefined : await readText(path);
  return text?.trim() || undefined;
}

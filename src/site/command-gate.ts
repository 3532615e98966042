import type { IncomingMessage } from 'node:http';
import { readText } from '../adapters/node/files.ts';
import { AppError } from '../kernel/errors.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { CommandDesk } from '../model/commands.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import { CommandGate } from './api/commands.ts';

/** A neighbour that is turned away is told of once in this time: who knocks must not fill the disk. */
const TELL_EVERY_MS = 60_000;

/** The door for commands, with the PIN read from its file at each use, and refusals written down. */
export function createCommandGate(parts: {
  readonly desk: CommandDesk;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: () => readonly SiteAddress[];
  readonly pinFile: string | undefined;
  readonly isControl: (request: IncomingMessage) => boolean;
}): CommandGate {
  const { desk, store, clock, log, addresses, pinFile, isControl } = parts;
  let toldAt = Number.NEGATIVE_INFINITY;
  const onRefused = (because: string, remote: string): void => {
    log.warn({ remote, because }, 'a command was refused');
    if (clock.monotonic() - toldAt < TELL_EVERY_MS) return;
    toldAt = clock.monotonic();
    const sentence = `A command from ${remote} was refused: ${because}`;
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

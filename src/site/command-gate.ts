import type { IncomingMessage } from 'node:http';
import { readText } from '../adapters/node/files.ts';
import { AppError } from '../kernel/errors.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { CommandDesk } from '../model/commands.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import { CommandGate } from './api/commands.ts';

/** Each reason is told of once in this time: who knocks must not fill the disk, nor hide who else knocks. */
const TELL_EVERY_MS = 60_000;

/** Hears why a request of a person or a page was refused, and from where. */
export type OnRefused = (because: string, remote: string) => void;

/** Writes refusals down. */
export function createRefusals({ store, clock, log }: { store: Store; clock: Clock; log: Log }): OnRefused {
  // The reasons are a handful of sentences of ours.
  const toldAt = new Map<string, number>();
  return (because, remote) => {
    log.warn({ remote, because }, 'a request was refused');
    const now = clock.monotonic();
    if (now - (toldAt.get(because) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return;
    toldAt.set(because, now);
    const sentence = `A request from ${remote} was refused: ${because}`;
    store
      .commit([], [{ type: 'command-refused', at: clock.now(), sentence, data: { remote, because } }])
      .catch((error: unknown) =>
        log.warn({ reason: AppError.from(error).message }, 'a refusal could not be written down'),
      );
  };
}

/** The door for commands, with the PIN read from its file at each use. */
export function createCommandGate(parts: {
  readonly desk: CommandDesk;
  readonly clock: Clock;
  readonly onRefused: OnRefused;
  readonly addresses: () => readonly SiteAddress[];
  readonly pinFile: string | undefined;
  readonly isControl: (request: IncomingMessage) => boolean;
}): CommandGate {
  const { desk, clock, addresses, pinFile, isControl, onRefused } = parts;
  return new CommandGate({ desk, addresses, isControl, clock, onRefused, readPin: () => readPin(pinFile) });
}

/** The PIN without the line end that editors add; an empty file is no PIN. */
async function readPin(path: string | undefined): Promise<string | undefined> {
  const text = path === undefined ? undefined : await readText(path);
  return text?.trim() || undefined;
}

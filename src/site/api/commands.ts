import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { Command, CommandDesk } from '../../model/commands.ts';
import type { SiteAddress } from '../../model/site-ports.ts';
import { PIN_HEADER } from '../../wire/api/commands.ts';
import { whyForeign } from './policy/origin.ts';
import { WrongPins } from './policy/wrong-pins.ts';

export type CommandGateDeps = {
  readonly desk: CommandDesk;
  readonly addresses: () => readonly SiteAddress[];
  /** Whether a request came over the control socket: who may open that is trusted. */
  readonly isControl: (request: IncomingMessage) => boolean;
  /** The PIN of the site, read anew for each command; undefined: there is none. */
  readonly readPin: () => Promise<string | undefined>;
  readonly clock: Clock;
  /** Hears of every command that was refused at the door, with the address that it came from. */
  readonly onRefused: (because: string, remote: string) => void;
};

/** The door that every command goes through: over TCP only from the site's own pages, and with its PIN if it needs one. */
export class CommandGate {
  readonly #deps: CommandGateDeps;
  readonly #wrongPins = new WrongPins();

  constructor(deps: CommandGateDeps) {
    this.#deps = deps;
  }

  /** Rejects with an AppError: `pin-refused`, or as the desk does. */
  async carryOut(
    request: IncomingMessage,
    parse: () => Command,
    { needsPin = true }: { readonly needsPin?: boolean } = {},
  ): Promise<{ readonly sentence: string }> {
    if (this.#deps.isControl(request)) return this.#deps.desk.carryOut(parse(), 'cli');
    const because = this.#whyForeign(request) ?? (needsPin ? await this.#whyNoPin(request) : undefined);
    if (because !== undefined) {
      this.#deps.onRefused(because, request.socket.remoteAddress ?? 'unknown');
      throw new AppError('pin-refused', because);
    }
    return this.#deps.desk.carryOut(parse(), 'page');
  }

  #whyForeign({ headers }: IncomingMessage): string | undefined {
    return whyForeign({ host: headers.host, origin: headers.origin }, this.#deps.addresses());
  }

  async #whyNoPin({ headers }: IncomingMessage): Promise<string | undefined> {
    const { readPin, clock } = this.#deps;
    const pin = await readPin();
    if (pin === undefined)
      return 'this site has no PIN (pinFile in its file), so it takes commands only from its own terminal';
    const given = headers[PIN_HEADER];
    if (typeof given !== 'string' || given === '') return 'this needs the PIN of the site';
    // Counted before anything else is awaited: many tries at once are still many tries.
    if (!this.#wrongPins.mayTry(clock.monotonic())) return 'five wrong PINs within ten minutes: wait, then try again';
    if (isSame(given, pin)) return undefined;
    this.#wrongPins.note(clock.monotonic());
    return 'the PIN is not that of this site';
  }
}

/** Compares in a time that says nothing of how much was right. */
function isSame(given: string, pin: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(pin));
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { Command, CommandDesk, NetworkCommand } from '../../model/commands.ts';
import type { SiteAddress } from '../../model/site-ports.ts';
import { PIN_HEADER } from '../../wire/api/commands.ts';
import { whyForeign } from './policy/origin.ts';
import { WrongTries } from './policy/wrong-tries.ts';

export type CommandGateDeps = {
  readonly desk: CommandDesk<Command | NetworkCommand>;
  readonly addresses: () => readonly SiteAddress[];
  /** Whether a request came over the control socket: who may open that is trusted. */
  readonly isControl: (request: IncomingMessage) => boolean;
  /** The PIN of the site, read anew for each command; undefined: there is none. */
  readonly readPin: () => Promise<string | undefined>;
  readonly clock: Clock;
  /** Hears of everything that was refused at the door, with the address that it came from. */
  readonly onRefused: (because: string, remote: string) => void;
};

/**
 * The door of the API. Reading over TCP needs an address of the site as `Host`, and no page of somebody else; a command
 * needs the PIN as well, if it is one that does.
 */
export class CommandGate {
  readonly #deps: CommandGateDeps;
  readonly #wrongPins = new WrongTries('PINs');
  readonly #wrongCodes = new WrongTries('codes');

  constructor(deps: CommandGateDeps) {
    this.#deps = deps;
  }

  /** Throws `foreign-request` if a request over TCP is made for a page of somebody else. */
  assertOwn(request: IncomingMessage): void {
    if (this.#deps.isControl(request)) return;
    const because = this.#whyForeign(request);
    if (because !== undefined) this.#refuse(request, 'foreign-request', because);
  }

  /** Throws `terminal-only` if a request did not come over the control socket. */
  assertTerminal(request: IncomingMessage): void {
    if (this.#deps.isControl(request)) return;
    this.#refuse(request, 'terminal-only', 'this is done at the terminal of the site only');
  }

  /** Rejects with an AppError: `foreign-request`, `pin-refused`, `code-refused`, or as the desk does. */
  async carryOut(
    request: IncomingMessage,
    parse: () => Command | NetworkCommand,
    { needsPin = true }: { readonly needsPin?: boolean } = {},
  ): Promise<{ readonly sentence: string }> {
    if (this.#deps.isControl(request)) return this.#deps.desk.carryOut(parse(), 'cli');
    this.assertOwn(request);
    const because = needsPin ? await this.#whyNot(request) : undefined;
    if (because !== undefined) this.#refuse(request, 'pin-refused', because);
    const command = parse();
    return 'code' in command ? this.#tryCode(request, command) : this.#deps.desk.carryOut(command, 'page');
  }

  /** Four letters are soon guessed by who may try for ever. Who knows none is told of when the tries are used up. */
  async #tryCode(request: IncomingMessage, command: Command): Promise<{ readonly sentence: string }> {
    const remote = request.socket.remoteAddress ?? '';
    const { desk, clock } = this.#deps;
    const locked = this.#wrongCodes.whyNot(remote, clock.monotonic());
    if (locked !== undefined) this.#refuse(request, 'code-refused', locked);
    // Counted before it is known to be wrong: many tries at once are still many tries.
    this.#wrongCodes.noteWrong(remote, clock.monotonic());
    try {
      const answer = await desk.carryOut(command, 'page');
      this.#wrongCodes.noteRight(remote, clock.monotonic());
      return answer;
    } catch (error) {
      if (AppError.from(error).code !== 'code-refused') this.#wrongCodes.takeBack(remote);
      throw error;
    }
  }

  #whyForeign({ headers }: IncomingMessage): string | undefined {
    const fetchSite = headers['sec-fetch-site'];
    const { host, origin } = headers;
    return whyForeign({ host, origin, fetchSite: fetchSite?.toString() }, this.#deps.addresses());
  }

  async #whyNot({ headers, socket }: IncomingMessage): Promise<string | undefined> {
    const { readPin, clock } = this.#deps;
    const pin = await readPin();
    if (pin === undefined)
      return 'this site has no PIN (pinFile in its file), so it takes commands only from its own terminal';
    const given = headers[PIN_HEADER];
    if (typeof given !== 'string' || given === '') return 'this needs the PIN of the site';
    const remote = socket.remoteAddress ?? '';
    // Looked at and counted without a pause between: many tries at once are still many tries.
    const locked = this.#wrongPins.whyNot(remote, clock.monotonic());
    if (locked !== undefined) return locked;
    if (isSame(given, pin)) {
      this.#wrongPins.noteRight(remote, clock.monotonic());
      // Whoever has the PIN is one of the site, also with a code that was misread.
      this.#wrongCodes.noteRight(remote, clock.monotonic());
      return undefined;
    }
    this.#wrongPins.noteWrong(remote, clock.monotonic());
    return 'the PIN is not that of this site';
  }

  #refuse(
    request: IncomingMessage,
    code: 'foreign-request' | 'terminal-only' | 'pin-refused' | 'code-refused',
    because: string,
  ): never {
    this.#deps.onRefused(because, request.socket.remoteAddress ?? 'unknown');
    throw new AppError(code, because);
  }
}

/** Compares in a time that says nothing of how much was right. */
function isSame(given: string, pin: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(pin));
}

import type { IncomingMessage } from 'node:http';
import { AppError, type ErrorCode } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { Role } from '../../model/fleet/hub-rows.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import type { Who } from './contract.ts';
import { whyForeign } from './policy/origin.ts';
import { mayDo } from './policy/roles.ts';
import { WrongTokens } from './policy/wrong-tokens.ts';
import { findToken } from './token.ts';

export type DoorDeps = {
  readonly store: HubStore;
  readonly clock: Clock;
  /** Names by which browsers may open this head office, beside addresses. */
  readonly names: readonly string[];
  /** Whether a request came over the control socket: who may open that may do all. */
  readonly isControl: (request: IncomingMessage) => boolean;
  readonly onRefused: (because: string, remote: string) => void;
};

/** The door of the admin API: no page of somebody else comes in, and over TCP nobody without a token. */
export class Door {
  readonly #deps: DoorDeps;
  readonly #wrong = new WrongTokens();

  constructor(deps: DoorDeps) {
    this.#deps = deps;
  }

  /** Throws `foreign-request` if a request over TCP is made for a page of somebody else. */
  assertOwn(request: IncomingMessage): void {
    if (this.#deps.isControl(request)) return;
    const { host, origin } = request.headers;
    const scheme = 'encrypted' in request.socket ? 'https' : 'http';
    const sender = { host, origin, fetchSite: request.headers['sec-fetch-site']?.toString() };
    const because = whyForeign(sender, this.#deps.names, scheme);
    if (because !== undefined) this.#refuse(request, 'foreign-request', because);
  }

  /** Who asks, if they may do what needs `role`. Rejects with `admin-token-refused`, `role-missing` or `too-many-tries`. */
  async admit(request: IncomingMessage, role: Role): Promise<Who> {
    const who = await this.#whoIs(request);
    if (!mayDo(who.role, role))
      throw new AppError('role-missing', `this needs the role ${role}, and the token ${who.name} has ${who.role}`);
    return who;
  }

  async #whoIs(request: IncomingMessage): Promise<Who> {
    const { store, clock, isControl } = this.#deps;
    if (isControl(request)) return { name: 'terminal', role: 'admin' };
    this.assertOwn(request);
    const remote = request.socket.remoteAddress ?? '';
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) throw new AppError('admin-token-refused', 'this needs a token, and none was given');
    // Looked at and counted without a pause between: many tries at once are still many tries.
    if (this.#wrong.isLocked(remote, clock.monotonic()))
      throw new AppError('too-many-tries', 'ten wrong tokens within a minute came from this address');
    const found = await store.read((tx) => findToken(tx, given, clock.now()));
    if (typeof found !== 'string') return { name: found.name, role: found.role };
    this.#wrong.note(remote, clock.monotonic());
    return this.#refuse(request, 'admin-token-refused', found);
  }

  #refuse(request: IncomingMessage, code: ErrorCode, because: string): never {
    this.#deps.onRefused(because, request.socket.remoteAddress ?? 'unknown');
    throw new AppError(code, because);
  }
}

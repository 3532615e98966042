import type { IncomingMessage } from 'node:http';
import { readPage } from '../adapters/node/page-bundle.ts';
import { AppError } from '../kernel/errors.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { Command, CommandDesk, NetworkCommand } from '../model/commands.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import { type Door, guardShown } from './api/door.ts';
import { registerPageRoutes } from './api/page.ts';
import {
  guardOwn,
  registerApiRoutes,
  registerCommandRoutes,
  registerSecretRoutes,
  type SecretDesk,
  type SiteQueries,
} from './api/routes.ts';
import { createCommandGate } from './command-gate.ts';
import type { SiteConfig } from './config.ts';
import type { RunningSurroundings } from './dhcp/surroundings.ts';
import type { ImageFileRoutes } from './image-files.ts';
import { type ImageDesk, registerImageRoutes } from './image-routes.ts';
import { type RevisionDesk, registerJoinRoute, registerRevisionRoutes } from './link/routes.ts';
import { shownAt } from './networks.ts';

/** The routes for people and programs: the API, its commands, and the page. */
export function peopleRoutes(parts: {
  readonly config: SiteConfig;
  readonly queries: SiteQueries;
  readonly desk: CommandDesk;
  readonly surroundings: Pick<RunningSurroundings, 'say'>;
  readonly secrets: SecretDesk;
  readonly images: ImageDesk;
  readonly revisions: RevisionDesk;
  /** Keeps a code of head office; only of a site that head office steers. */
  readonly join?: ((code: string) => Promise<string>) | undefined;
  readonly imageFiles: ImageFileRoutes;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: () => readonly SiteAddress[];
  readonly isControl: (request: IncomingMessage) => boolean;
}): (app: Parameters<typeof registerApiRoutes>[0]) => void {
  const { config, queries, surroundings, secrets, images, revisions, join, store, clock, log, addresses, isControl } =
    parts;
  const desk: CommandDesk<Command | NetworkCommand> = {
    carryOut: (command, by) =>
      command.kind === 'dhcp-mode'
        ? surroundings.say(command.network, command.to, by)
        : parts.desk.carryOut(command, by),
  };
  const gate = createCommandGate({ desk, store, clock, log, addresses, pinFile: config.pinFile, isControl });
  const door: Door = { shownAt: () => shownAt(addresses(), config), isControl };
  const page = readPage('site');
  page.catch((error: unknown) => log.warn({}, AppError.from(error).message));
  return (app) => {
    guardShown(app, door);
    guardOwn(app, gate);
    registerApiRoutes(app, queries, isControl);
    registerCommandRoutes(app, gate);
    registerSecretRoutes(app, gate, secrets);
    registerImageRoutes(app, images, (request) => gate.assertTerminal(request));
    registerRevisionRoutes(app, revisions, (request) => gate.assertTerminal(request));
    registerJoinRoute(app, join, (request) => gate.assertTerminal(request));
    parts.imageFiles(app, (request) => gate.assertTerminal(request));
    registerPageRoutes(app, { door, files: () => page });
  };
}

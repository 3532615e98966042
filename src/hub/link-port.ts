import { X509Certificate } from 'node:crypto';
import { createLinkServer, type LinkServer, type ServerTls } from '../adapters/link/link-server.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { LinkHandlers } from '../wire/link/handlers.ts';
import type { Bell, LinkIdentity } from '../wire/link/ports.ts';
import { placeOf } from './config.ts';
import type { HubIdentity } from './identity/identity.ts';
import { createLinkCore } from './link/core.ts';

export type LinkPortParts = {
  readonly listen: string;
  readonly identity: HubIdentity;
  readonly handlers: LinkHandlers;
  readonly bell: Bell;
  readonly isReady: () => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
};

/** Opens the port for sites; the answer ends it. Rejects with an AppError if the port cannot be had. */
export async function startLinkPort(
  parts: LinkPortParts,
): Promise<{ readonly server: LinkServer; readonly port: number; stop(): Promise<void> }> {
  const { identity, handlers, bell, isReady, clock, log } = parts;
  const core = createLinkCore({ handlers, callers: identity.check, signer: identity.signer, clock, log });
  const server = createLinkServer({ core, bell, isReady, log, tls: asPem(identity.server()) });
  const place = placeOf(parts.listen);
  const port = await server.listen(place.address, place.port);
  // New connections see the new certificate; those that are open need none.
  const forget = identity.onServerChange(() => server.setTls(asPem(identity.server())));
  return {
    ...{ server, port },
    stop: async () => {
      forget();
      await server.close();
    },
  };
}

function asPem({ chain, privateKey }: LinkIdentity): ServerTls {
  return { chain: chain.map((der) => new X509Certificate(der).toString()).join(''), privateKey };
}

import type { HttpServer } from '../adapters/http/server.ts';
import type { Log } from '../kernel/ports.ts';
import { ownAddresses, type SiteAddress } from '../model/site-ports.ts';

export type RegistryListenerParts = {
  readonly addresses: () => readonly SiteAddress[];
  readonly port: number;
  readonly log: Log;
};

/**
 * Listens at the port of the registry, at each address of the site that has no listener there yet. Where that fails it is
 * told of once and tried again at the next call: another program may hold the port, or the address may come later.
 */
export function createRegistryListeners({
  addresses,
  port,
  log,
}: RegistryListenerParts): (http: Pick<HttpServer, 'listen'>) => Promise<void> {
  const served = new Set<string>();
  const told = new Set<string>();
  return async (http) => {
    for (const { address } of ownAddresses(addresses())) {
      if (served.has(address)) continue;
      try {
        await http.listen({ address, port });
        served.add(address);
        told.delete(address);
      } catch (error) {
        if (!told.has(address)) log.error({ error, address, port }, 'the registry is not served at its own port');
        told.add(address);
      }
    }
  };
}

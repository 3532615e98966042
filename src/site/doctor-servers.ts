import { readArp } from '../adapters/node/arp.ts';
import { systemClock } from '../adapters/node/clock.ts';
import { systemRandom } from '../adapters/node/random.ts';
import { createUdpPort } from '../adapters/node/udp.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Log } from '../kernel/ports.ts';
import type { Network } from '../model/network.ts';
import type { SiteStatus } from '../wire/api/views.ts';
import { askNeighbour } from './dhcp/ask-neighbour.ts';
import { clientDoor, look } from './dhcp/look.ts';
import { isAllowed } from './dhcp/policy/findings.ts';
import type { Found } from './preflight/result.ts';
import type { SeenServer } from './preflight/world.ts';

/** A person waits: enough for all but a server that first looks three seconds whether the address is free. */
const OFFER_MS = 1_000;

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** What a running site has found, which goes on listening; without one, who answers now. */
export async function serversOf(
  status: Found<SiteStatus | undefined>,
  network: Network | undefined,
  own: Ipv4,
): Promise<Found<readonly SeenServer[]>> {
  if ('unseen' in status) return { unseen: 'a running site knows, and may not be asked by this user' };
  if (!status.seen) return lookForServers(network, own);
  const view = status.seen.networks.find(({ name }) => name === network?.name);
  const known = view?.otherServers.map(({ address, mac, allowed }): SeenServer => {
    return { address: address as Ipv4, ...(mac !== undefined && { mac: mac as MacAddress }), allowed };
  });
  return known ? { seen: known } : { unseen: 'the running site does not serve this network yet' };
}

async function lookForServers(network: Network | undefined, own: Ipv4): Promise<Found<readonly SeenServer[]>> {
  const udp = createUdpPort(silent);
  const door = clientDoor(udp, own);
  const askParts = { udp, clock: systemClock, neighbours: { entries: () => readArp() }, from: own };
  const parts = { door, clock: systemClock, random: systemRandom, site: own, answerMs: OFFER_MS };
  const looked = await look(parts);
  if (looked.kind === 'blind') return { unseen: looked.because };
  const seen = new Map<Ipv4, SeenServer>();
  for (const { server, sender } of looked.offers) {
    const mac = await askNeighbour(askParts, sender).catch(() => undefined);
    const found = { address: server, ...(mac !== undefined && { mac }) };
    seen.set(server, { ...found, allowed: network !== undefined && isAllowed(found, network) });
  }
  return { seen: [...seen.values()] };
}

import { broadcastOf, netmask } from '../../../kernel/ipv4.ts';
import type { Network } from '../../../model/network.ts';
import type { SiteAddress } from '../../../model/site-ports.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';

/** An option with its weight: 0 is never left out; of the others, the heaviest goes first when the reply is too long. */
export type Weighed = { readonly option: RawOption; readonly weight: number };

/** All that a network names, as it stands in a reply. @param servesTime whether the site itself is a server of the time */
export function networkOptions(network: Network, site: SiteAddress, servesTime: boolean): readonly Weighed[] {
  const own = servesTime ? [site.address] : [];
  const ntp = network.ntp.flatMap((server) => (server === 'site' ? own : [server]));
  const known: Weighed[] = [{ option: option('subnetMask', netmask(network.subnet)), weight: 0 }];
  const add = (weight: number, row: RawOption) => known.push({ option: row, weight });
  if (network.router !== undefined) add(1, option('routers', [network.router]));
  if (network.dns.length > 0) add(2, option('dnsServers', network.dns));
  if (network.domain !== undefined) add(4, option('domain', network.domain));
  if (network.mtu !== undefined) add(3, option('interfaceMtu', network.mtu));
  add(6, option('broadcastAddress', broadcastOf(network.subnet)));
  if (ntp.length > 0) add(5, option('ntpServers', ntp));
  network.options.forEach(({ code, bytes }, index) => {
    add(8 + index, { code, bytes: Uint8Array.from(bytes) });
  });
  return known;
}

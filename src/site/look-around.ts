import { hasLink } from '../adapters/node/interfaces.ts';
import { makerOf } from '../adapters/node/maker.ts';
import type { SiteConfig } from './config.ts';
import { createSurroundings, type RunningSurroundings, type SurroundingsParts } from './dhcp/surroundings.ts';

/** Who else speaks DHCP on the devices of a site. */
export function lookAround(
  config: Pick<SiteConfig, 'interfaces'>,
  parts: Omit<SurroundingsParts, 'hasLink' | 'makerOf'>,
): RunningSurroundings {
  return createSurroundings({
    ...parts,
    makerOf,
    hasLink: (network) => hasLink(config.interfaces[network] ?? ''),
  });
}

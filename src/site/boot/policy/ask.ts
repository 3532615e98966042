import type { MacAddress } from '../../../kernel/mac.ts';
import type { Word } from '../codec/ipxe.ts';
import { queryValue, setting, url } from '../codec/ipxe.ts';

/** Between two questions of a waiting machine. */
export const TICK_SECONDS = 5;

/**
 * Where a loader asks for its script, with all that it can say of itself: iPXE fills the settings in when it asks.
 * The MAC comes first, and the first of two equal names counts: a 2019 iPXE decodes `%26` before it sends the query, so
 * a serial number could bring a name of its own along.
 */
export function askUrl(base: string, mac: MacAddress | undefined): Word {
  return url(base, '/boot/script', [
    ['mac', mac === undefined ? setting('nic') : queryValue(mac)],
    ['platform', setting('platform')],
    ['buildarch', setting('buildarch')],
    ['longmode', setting('longmode')],
    ['waited', setting('waited')],
    ['giveup', setting('giveup')],
    ['step', setting('step')],
    ['errno', setting('error')],
    ['uuid', setting('uuid')],
    ['serial', setting('serial', 'uristring')],
    ['manufacturer', setting('manufacturer', 'uristring')],
    ['product', setting('product', 'uristring')],
  ]);
}

import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { type GrubWord, glued, literal, variable } from '../codec/grub.ts';
import type { QueryValues } from './boot-query.ts';

/** Where every GRUB looks for its first script: the name is built into the signed ones. */
export const GRUB_ENTRY = 'grub/grub.cfg';

/** GRUB has no HTTP, so it asks by file names: this, and behind it what it knows, as in a query. */
export const GRUB_ASK = 'grub/ask/';

/** A file of the site, as GRUB names it. */
export function onSite(server: Ipv4, path: string): GrubWord {
  return literal(`(tftp,${server})/${path}`);
}

/**
 * The name under which GRUB asks for its script. What may hold anything comes last, and the first of two equal names
 * counts: a serial number brings no name of its own along.
 */
export function askName(server: Ipv4): GrubWord {
  const fields = (
    [
      ['mac', 'mac'],
      ['buildarch', 'grub_cpu'],
      ['platform', 'grub_platform'],
      ['waited', 'waited'],
      ['giveup', 'giveup'],
      ['step', 'step'],
      ['uuid', 'uuid'],
      ['serial', 'serial'],
      ['manufacturer', 'manufacturer'],
      ['product', 'product'],
    ] as const
  ).flatMap(([name, holder], i) => [literal(`${i === 0 ? '' : '&'}${name}=`), variable(holder)]);
  return glued(onSite(server, GRUB_ASK), ...fields);
}

/** What GRUB says of itself in a name below `GRUB_ASK`: nothing is escaped there. undefined: it is another file. */
export function parseAskName(name: string): QueryValues | undefined {
  const path = name.replace(/^\/+/, '');
  if (!path.startsWith(GRUB_ASK)) return undefined;
  const pairs = path.slice(GRUB_ASK.length).split('&');
  return (key) => {
    const pair = pairs.find((candidate) => candidate.startsWith(`${key}=`));
    return pair?.slice(key.length + 1);
  };
}

import { readFile } from 'node:fs/promises';
import { type Ipv4, parseIpv4 } from '../../kernel/ipv4.ts';
import { type MacAddress, parseMac } from '../../kernel/mac.ts';

/** What the kernel knows of a neighbour. `complete: false`: it asked and has no answer (yet); `mac` is then all zeros. */
export type Neighbour = { readonly mac: MacAddress; readonly complete: boolean; readonly device: string };

/** `ATF_COM` of linux/if_arp.h. */
const COMPLETE = 0x02;

/** Reads the text of `/proc/net/arp`. An address known on two devices is the complete one. */
export function parseArp(text: string): Map<Ipv4, Neighbour> {
  const table = new Map<Ipv4, Neighbour>();
  for (const line of text.split('\n').slice(1)) {
    const [addressText = '', , flags = '', macText = '', , device = ''] = line.trim().split(/\s+/);
    const address = parseIpv4(addressText);
    const mac = parseMac(macText);
    if (!address || !mac || table.get(address)?.complete) continue;
    table.set(address, { mac, complete: (Number(flags) & COMPLETE) !== 0, device });
  }
  return table;
}

/** The neighbour table of this machine; empty where there is none to read. */
export async function readArp(path = '/proc/net/arp'): Promise<Map<Ipv4, Neighbour>> {
  try {
    return parseArp(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}

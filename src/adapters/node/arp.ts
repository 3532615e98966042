import { readFileSync } from 'node:fs';
import { type Ipv4, parseIpv4 } from '../../kernel/ipv4.ts';
import { type MacAddress, parseMac } from '../../kernel/mac.ts';
import type { Clock } from '../../kernel/ports.ts';

/** What the kernel knows of a neighbour. `complete: false`: it asked and has no answer (yet); `mac` is then all zeros. */
export type Neighbour = { readonly mac: MacAddress; readonly complete: boolean; readonly device: string };

/** `ATF_COM` of linux/if_arp.h. */
const COMPLETE = 0x02;

type Row = readonly [address: Ipv4, neighbour: Neighbour];
type Rows = Map<string, Row | undefined>;

const PATH = '/proc/net/arp';

/**
 * Of a thousand machines that start together come thousands of questions, and each reading takes some milliseconds then.
 * Who asks waits for no more than this.
 */
const EVERY_MS = 50;

/**
 * Reads the text of `/proc/net/arp`. An address known on two devices is the complete one.
 * @param known lines that were understood before; replaced by those of this text
 */
export function parseArp(text: string, known: Rows = new Map()): Map<Ipv4, Neighbour> {
  const table = new Map<Ipv4, Neighbour>();
  const rows: Rows = new Map();
  for (const line of text.split('\n').slice(1)) {
    const row = known.has(line) ? known.get(line) : parseRow(line);
    rows.set(line, row);
    if (row && !table.get(row[0])?.complete) table.set(...row);
  }
  known.clear();
  for (const [line, row] of rows) known.set(line, row);
  return table;
}

function parseRow(line: string): Row | undefined {
  const [addressText = '', , flags = '', macText = '', , device = ''] = line.trim().split(/\s+/);
  const address = parseIpv4(addressText);
  const mac = parseMac(macText);
  return address && mac && [address, { mac, complete: (Number(flags) & COMPLETE) !== 0, device }];
}

/** The neighbour table of this machine; empty where there is none to read. */
export async function readArp(path = PATH): Promise<Map<Ipv4, Neighbour>> {
  return parseArp(readText(path));
}

/** The neighbour table for many who ask: each gets one that was read after it asked, and many get the same. */
export function createArp(clock: Clock, read: () => string = readText) {
  const known: Rows = new Map();
  let next: Promise<ReadonlyMap<Ipv4, Neighbour>> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  const readNow = () => {
    next = undefined;
    readAt = clock.monotonic();
    return parseArp(read(), known);
  };
  return {
    entries: (): Promise<ReadonlyMap<Ipv4, Neighbour>> => {
      next ??= pause(clock, readAt + EVERY_MS - clock.monotonic()).then(readNow);
      return next;
    },
  };
}

async function pause(clock: Clock, ms: number): Promise<void> {
  if (ms > 0) await new Promise<void>((resolve) => clock.after(ms, resolve));
}

/** Not in the pool of threads: the kernel makes it up without waiting, 4 KiB at a time, so that 1,000 rows are 20 hops. */
function readText(path = PATH): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/**
 * Makes a transcript of what the lab recorded: `node test/packets/record.ts NAME MAC SITE 'what it is' CAPTURE…`.
 * Captures stay when a lab test passes if SLIPWAY_KEEP_CAPTURES is 1. A transcript has DHCP, port 4011 and TFTP of one
 * machine, up to the first file that it fetched by TFTP to its end: what comes then is said by a loader.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Datagram, type Step, writeTranscript } from './transcript.ts';

const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const ETHERNET = 14;
const [IPV4, UDP] = [0x0800, 17];
const DHCP_PORTS = ['67', '4011'];
const TFTP = '69';
const [DATA, ACK] = [3, 4];
const TFTP_HEADER = 4;

type Seen = Omit<Datagram, 'way'> & { readonly macs: readonly string[] };

function* datagramsOf(capture: Buffer): Generator<Seen> {
  for (let at = FILE_HEADER; at < capture.length; ) {
    const length = capture.readUInt32LE(at + 8);
    const seen = datagramOf(capture.subarray(at + PACKET_HEADER, at + PACKET_HEADER + length));
    if (seen) yield seen;
    at += PACKET_HEADER + length;
  }
}

function datagramOf(frame: Buffer): Seen | undefined {
  if (frame.readUInt16BE(12) !== IPV4 || frame[ETHERNET + 9] !== UDP) return undefined;
  const udp = ETHERNET + 4 * ((frame[ETHERNET] ?? 0) & 15);
  const end = (address: number, port: number): string =>
    `${[...frame.subarray(address, address + 4)].join('.')}:${frame.readUInt16BE(port)}`;
  const macs = [frame.subarray(0, 6), frame.subarray(6, 12)].map(
    (mac) => mac.toString('hex').match(/../g)?.join(':') ?? '',
  );
  const bytes = frame.subarray(udp + 8, udp + frame.readUInt16BE(udp + 4));
  return { macs, from: end(ETHERNET + 12, udp), to: end(ETHERNET + 16, udp + 2), bytes };
}

const portOf = (end: string): string => end.split(':')[1] ?? '';

/** Whose it is; nothing if it is neither DHCP with this machine nor one of its TFTP transfers. */
function wayOf({ macs, from, to, bytes }: Seen, mac: string, site: string, transfers: Set<string>) {
  const isOwn = macs[1] === mac;
  if (isOwn && portOf(to) === TFTP) transfers.add(from);
  const isTransfer = transfers.has(from) || transfers.has(to);
  const isDhcp = [from, to].some((end) => DHCP_PORTS.includes(portOf(end)));
  const isAbout = Buffer.from(bytes).toString('hex', 28, 34) === mac.replaceAll(':', '');
  if (!isTransfer && !(isDhcp && isAbout)) return undefined;
  if (isOwn) return '>';
  return from.startsWith(`${site}:`) ? '<' : '=';
}

/** The blocks of one file. */
class Blocks {
  readonly #sizes = new Map<number, number>();

  /** Whether this was the last one: it is shorter than the first. */
  take(bytes: Uint8Array): boolean {
    this.#sizes.set(Buffer.from(bytes).readUInt16BE(2), bytes.length - TFTP_HEADER);
    return bytes.length - TFTP_HEADER < (this.#sizes.get(1) ?? 0);
  }

  get sum(): Step {
    const sizes = [...this.#sizes.values()];
    return { way: 'blocks', count: sizes.length, total: sizes.reduce((sum, size) => sum + size, 0) };
  }
}

/** The steps; runs of DATA and ACK are but counted. */
function stepsOf(seen: Iterable<Seen>, mac: string, site: string): Step[] {
  const steps: Step[] = [];
  const transfers = new Set<string>();
  let blocks = new Blocks();
  for (const datagram of seen) {
    const way = wayOf(datagram, mac, site, transfers);
    const { from, to, bytes } = datagram;
    if (portOf(to) === TFTP) blocks = new Blocks();
    const isTransfer = portOf(to) !== TFTP && [from, to].some((end) => transfers.has(end));
    const code = isTransfer ? bytes[1] : undefined;
    if (way && code === DATA && blocks.take(bytes)) return [...steps, blocks.sum];
    if (way && code !== DATA && code !== ACK) steps.push({ way, from, to, bytes });
  }
  return steps;
}

const [name = '', mac = '', site = '', about = '', ...captures] = process.argv.slice(2);
const seen = captures.flatMap((path) => [...datagramsOf(readFileSync(path))]);
const path = fileURLToPath(new URL(`transcripts/${name}.txt`, import.meta.url));
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, writeTranscript({ about, mac, steps: stepsOf(seen, mac, site) }));

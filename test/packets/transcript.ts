import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readHex, writeHex } from './hex.ts';

/** One datagram: `>` of the machine, `<` of the site, `=` of another server. Ends are `ADDRESS:PORT`. */
export type Datagram = { readonly way: '>' | '<' | '='; readonly from: string; readonly to: string } & {
  readonly bytes: Uint8Array;
};

/** What TFTP sent in blocks after the options were agreed on, and the machine acknowledged. */
export type Blocks = { readonly way: 'blocks'; readonly count: number; readonly total: number };
export type Step = Datagram | Blocks;

/** What a machine and a site said to each other by UDP, in its order. */
export type Transcript = { readonly about: string; readonly mac: string; readonly steps: readonly Step[] };

const HEAD = /^([><=]) (\S+) (\S+)$/;
const BLOCKS = /^blocks (\d+) bytes (\d+)$/;

/** Reads `transcripts/NAME.txt`. */
export function readTranscript(name: string): Transcript {
  const path = fileURLToPath(new URL(`transcripts/${name}.txt`, import.meta.url));
  const [about = '', mac = '', ...parts] = readFileSync(path, 'utf8').trim().split('\n\n');
  return { about: about.replace(/^# /, ''), mac: mac.replace(/^machine /, ''), steps: parts.map(stepOf) };
}

function stepOf(part: string): Step {
  const [first = '', ...lines] = part.split('\n');
  const blocks = BLOCKS.exec(first);
  if (blocks) return { way: 'blocks', count: Number(blocks[1]), total: Number(blocks[2]) };
  const [, way, from, to] = HEAD.exec(first) ?? [];
  if (!from || !to) throw new Error(`this is no line of a transcript: ${first}`);
  return { way: way as Datagram['way'], from, to, bytes: readHex(lines) };
}

export function writeTranscript({ about, mac, steps }: Transcript): string {
  return `${[`# ${about}`, `machine ${mac}`, ...steps.map(partOf)].join('\n\n')}\n`;
}

function partOf(step: Step): string {
  if (step.way === 'blocks') return `blocks ${step.count} bytes ${step.total}`;
  return [`${step.way} ${step.from} ${step.to}`, ...writeHex(step.bytes)].join('\n');
}

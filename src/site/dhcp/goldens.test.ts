import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Bench } from '../../../test/packets/bench.ts';
import { readRequest } from '../../../test/packets/hex.ts';
import { revision } from '../../../test/packets/world.ts';
import type { Digest } from '../../kernel/digest.ts';
import { decodeMessage, encodeMessage, MIN_MESSAGE_BYTES } from './codec/message.ts';
import { formatMessage } from './codec/summary.ts';

const packets = new URL('../../../test/packets/', import.meta.url);
const names = readdirSync(fileURLToPath(new URL('requests/', packets))).map((file) => file.replace(/\.hex$/, ''));

/** Where the answers of each role lie. */
const folders = { authoritative: 'answers', proxy: 'answers/proxy' } as const;
type Role = keyof typeof folders;

/** Decode, decide, encode, and read the answer back from its bytes. */
function converse(datagram: Uint8Array, role: Role): string {
  const decoded = decodeMessage(datagram);
  if (!decoded.ok) throw new Error(decoded.error.sentence);
  const raspberryPi = { 'start4.elf': { digest: '0'.repeat(64) as Digest, name: 'start4.elf' } };
  const bench = new Bench({ ...revision({ unknownMachines: { heldBesideOthers: true } }), raspberryPi });
  bench.role = role;
  const decision = bench.ask(decoded.value);
  const { reply, ignore } = decision;
  const asked = `${formatMessage(decoded.value)}\n`;
  if (ignore) return `${asked}ignored, because ${ignore.because}\n`;
  if (!reply) return `${asked}no answer\n`;
  const encoded = encodeMessage(reply);
  if (!encoded.ok) throw new Error(encoded.error.sentence);
  expect(encoded.value.length).toBeGreaterThanOrEqual(MIN_MESSAGE_BYTES);
  const read = decodeMessage(encoded.value);
  if (!read.ok) throw new Error(read.error.sentence);
  const later = decision.delayMs === undefined ? '' : `after ${decision.delayMs} ms, `;
  const where = `${later}to ${decision.to.address}:${decision.to.port}, ${encoded.value.length} bytes`;
  return `${asked}${where}\n${formatMessage(read.value)}`;
}

describe('recorded requests get the answers on file (UPDATE_GOLDENS=1 writes them anew)', () => {
  it.each(names.flatMap((name) => [[name, 'authoritative'] as const, [name, 'proxy'] as const]))(
    '%s, %s',
    (name, role) => {
      const golden = fileURLToPath(new URL(`${folders[role]}/${name}.txt`, packets));
      const answer = converse(readRequest(name), role);
      if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(golden, answer);
      expect(answer).toBe(readFileSync(golden, 'utf8'));
    },
  );

  it('has requests to answer', () => {
    expect(names.length).toBeGreaterThan(10);
  });
});

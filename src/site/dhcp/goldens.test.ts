import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Bench } from '../../../test/packets/bench.ts';
import { readRequest } from '../../../test/packets/hex.ts';
import { decodeMessage, encodeMessage, MIN_MESSAGE_BYTES } from './codec/message.ts';
import { formatMessage } from './codec/summary.ts';

const packets = new URL('../../../test/packets/', import.meta.url);
const names = readdirSync(fileURLToPath(new URL('requests/', packets))).map((file) => file.replace(/\.hex$/, ''));

/** Decode, decide, encode, and read the answer back from its bytes. */
function converse(datagram: Uint8Array): string {
  const decoded = decodeMessage(datagram);
  if (!decoded.ok) throw new Error(decoded.error.sentence);
  const decision = new Bench().ask(decoded.value);
  const { reply, ignore } = decision;
  const asked = `${formatMessage(decoded.value)}\n`;
  if (ignore) return `${asked}ignored, because ${ignore.because}\n`;
  if (!reply) return `${asked}no answer\n`;
  const encoded = encodeMessage(reply);
  if (!encoded.ok) throw new Error(encoded.error.sentence);
  expect(encoded.value.length).toBeGreaterThanOrEqual(MIN_MESSAGE_BYTES);
  const read = decodeMessage(encoded.value);
  if (!read.ok) throw new Error(read.error.sentence);
  return `${asked}to ${decision.to.address}:${decision.to.port}, ${encoded.value.length} bytes\n${formatMessage(read.value)}`;
}

describe('recorded requests get the answers on file (UPDATE_GOLDENS=1 writes them anew)', () => {
  it.each(names)('%s', (name) => {
    const golden = fileURLToPath(new URL(`answers/${name}.txt`, packets));
    const answer = converse(readRequest(name));
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(golden, answer);
    expect(answer).toBe(readFileSync(golden, 'utf8'));
  });

  it('has requests to answer', () => {
    expect(names.length).toBeGreaterThan(10);
  });
});

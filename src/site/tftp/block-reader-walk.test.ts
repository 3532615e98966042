import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBlockReader } from './block-reader.ts';
import type { Terms } from './policy/negotiate.ts';
import { beginTransfer, type Step, stepTransfer, type TransferState } from './policy/transfer.ts';
import type { BootFile } from './ports.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const BLOCK_BYTES = 32_768;
const bytes = new Uint8Array(25 * BLOCK_BYTES + 5).map((_, index) => (index * 31 + (index >> 11)) & 255);

type Sent = { readonly block: number; readonly packet: Uint8Array };
const what = fc.constantFrom('disk', 'disk', 'wire', 'wire', 'wire', 'lost', 'ack', 'ack', 'ack', 'timeout');
const moves = fc.array(fc.record({ what, n: fc.nat({ max: 9 }) }), { minLength: 60, maxLength: 600, size: 'max' });
type Move = typeof moves extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A file whose reads end when the walk says so, in any order. */
function slowFile() {
  const reads: (() => void)[] = [];
  const read = (into: Uint8Array, position: number) =>
    new Promise<number>((resolve) => {
      reads.push(() => {
        into.set(bytes.subarray(position, position + into.length));
        resolve(into.length);
      });
    });
  const file: BootFile = { sizeBytes: bytes.length, read, close: async () => undefined };
  return { file, endOne: (n: number) => reads.splice(n % Math.max(1, reads.length), 1)[0]?.() };
}

function isItself({ block, packet }: Sent): boolean {
  const from = (block - 1) * BLOCK_BYTES;
  const header = packet.subarray(0, 4).join() === `0,3,${block >> 8},${block & 255}`;
  return header && Buffer.compare(packet.subarray(4), bytes.subarray(from, from + BLOCK_BYTES)) === 0;
}

/**
 * The blocks that were others when they left. `lies`: the client confirms whatever it could, and all leaves at once;
 * otherwise only what came, and packets wait on the wire.
 */
async function walk(steps: readonly Move[], window: number, lies: boolean): Promise<readonly number[]> {
  const { file, endOne } = slowFile();
  const terms: Terms = { sizeBytes: bytes.length, blockBytes: BLOCK_BYTES, window, timeoutMs: undefined, oack: [] };
  const reader = createBlockReader(file, BLOCK_BYTES, window);
  const [wire, wrong]: [Sent[], number[]] = [[], []];
  let [state, generation, received]: [TransferState | undefined, number, number] = [undefined, 0, 0];
  const leave = (sent: Sent): void => {
    if (!isItself(sent)) wrong.push(sent.block);
  };
  const sendBlocks = async (first: number, last: number): Promise<void> => {
    const mine = ++generation;
    const packets = await reader.read(first, last);
    if (mine !== generation) return;
    for (const [i, packet] of packets.entries()) wire.push({ block: first + i, packet });
    if (lies) wire.splice(0).forEach(leave);
  };
  const take = ([next, effects]: Step): void => {
    state = next;
    for (const effect of effects) if (effect.kind === 'send-blocks') void sendBlocks(effect.first, effect.last);
  };
  const arrive = (isLost: boolean): void => {
    const sent = wire.shift();
    if (sent) leave(sent);
    if (!isLost && sent?.block === received + 1) received += 1;
  };
  const confirmed = (n: number): number => {
    if (!lies || state?.kind !== 'sending') return Math.max(0, received - (n % 3));
    return state.acked + (n % (state.sent - state.acked + 1));
  };
  const step = (event: Parameters<typeof stepTransfer>[1]): void => {
    if (state) take(stepTransfer(state, event, terms));
  };
  take(beginTransfer(terms));
  for (const { what: happens, n } of steps) {
    if (happens === 'disk') endOne(n);
    else if (happens === 'ack') step({ kind: 'ack', block: confirmed(n) });
    else if (happens === 'timeout') step({ kind: 'timeout' });
    else arrive(happens === 'lost');
    await settled();
  }
  return wrong;
}

test.each([
  ['confirms what came', false],
  ['confirms what never left', true],
])('for a client that %s, each packet is that of its block when it leaves', async (_, lies) => {
  const holds = fc.asyncProperty(moves, fc.constantFrom(2, 3, 4), async (steps, window) => {
    expect(await walk(steps, window, lies)).toEqual([]);
  });
  await fc.assert(holds, { seed, numRuns: 100 });
});

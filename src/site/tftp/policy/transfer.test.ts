import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Terms } from './negotiate.ts';
import {
  beginTransfer,
  bytesAcked,
  lastBlockOf,
  stepTransfer,
  type TransferEffect,
  type TransferEvent,
  type TransferState,
} from './transfer.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const termsOf = (changes: Partial<Terms> = {}): Terms => ({
  sizeBytes: 5_000,
  blockBytes: 512,
  window: 1,
  timeoutMs: undefined,
  oack: [],
  ...changes,
});
const ack = (block: number): TransferEvent => ({ kind: 'ack', block });
const clientError: TransferEvent = { kind: 'error', code: 8, message: 'User aborted\n' };
const timeout: TransferEvent = { kind: 'timeout' };
const oack = [{ name: 'tsize', value: '5000' }];

/** A state and its effects, short enough for a table. */
function show([state, effects]: ReturnType<typeof stepTransfer>): string {
  const what = effects.map((effect) => {
    if (effect.kind === 'send-blocks')
      return effect.first === effect.last ? `${effect.first}` : `${effect.first}-${effect.last}`;
    return effect.kind === 'arm' ? `arm ${effect.delayMs}` : effect.kind;
  });
  if (state.kind === 'ended') return [state.outcome, ...what].join(', ');
  return [state.kind === 'sending' ? `sending after ${state.acked}` : state.kind, ...what].join(', ');
}

/** Runs events one after the other and shows the last step. */
function run(terms: Terms, ...events: TransferEvent[]): string {
  let step = beginTransfer(terms);
  for (const event of events) step = stepTransfer(step[0], event, terms);
  return show(step);
}

describe('the first answer', () => {
  test('is block 1 without options', () => {
    expect(run(termsOf())).toBe('sending after 0, 1, arm 500');
  });

  test('is an OACK with options', () => {
    expect(run(termsOf({ oack }))).toBe('offering, send-oack, arm 500');
  });

  test('waits no longer than the client said', () => {
    const events = Array(4).fill(timeout);
    expect(run(termsOf({ oack, timeoutMs: 1_000 }), ...events)).toBe('offering, send-oack, arm 1000');
    expect(run(termsOf({ oack, timeoutMs: 60_000 }), ...events)).toBe('offering, send-oack, arm 4000');
  });
});

describe('offering', () => {
  const terms = termsOf({ oack, window: 4 });
  test.each<[string, TransferEvent[], string]>([
    ['ACK 0 begins', [ack(0)], 'sending after 0, 1-4, arm 100'],
    ['another ACK is nothing', [ack(3)], 'offering'],
    ['an error is a probe', [clientError], 'probe'],
    ['silence repeats the OACK, ever slower', [timeout, timeout], 'offering, send-oack, arm 2000'],
    ['long silence is the end, after five OACKs', Array(5).fill(timeout), 'timeout'],
    ['a failed read is told', [{ kind: 'read-failed' }], 'error, send-error'],
  ])('%s', (_, events, shown) => {
    expect(run(terms, ...events)).toBe(shown);
  });
});

describe('sending one block at a time', () => {
  const terms = termsOf();
  test.each<[string, TransferEvent[], string]>([
    ['an ACK brings the next block', [ack(1)], 'sending after 1, 2, arm 100'],
    ['a second ACK is never answered', [ack(1), ack(1)], 'sending after 1'],
    ['an ACK of what was never sent is nothing', [ack(9)], 'sending after 0'],
    ['an old ACK is nothing', [ack(1), ack(2), ack(1)], 'sending after 2'],
    ['silence repeats the block, ever slower', [ack(1), timeout, timeout, timeout], 'sending after 1, 2, arm 800'],
    ['who was never heard is waited for longer', [timeout], 'sending after 0, 1, arm 1000'],
    ['and is sent it five times at most: it may be somebody else', Array(5).fill(timeout), 'timeout'],
    ['waits have a bound', [ack(1), ...Array(8).fill(timeout)], 'sending after 1, 2, arm 4000'],
    ['an ACK forgives earlier silence', [timeout, timeout, ack(1)], 'sending after 1, 2, arm 100'],
    ['long silence is the end', [ack(1), ...Array(9).fill(timeout)], 'timeout'],
    ['an error of the client is the end', [clientError], 'error'],
    ['a failed read is told', [{ kind: 'read-failed' }], 'error, send-error'],
    ['the last ACK is the end', Array.from({ length: 10 }, (_, i) => ack(i + 1)), 'done'],
    ['nothing happens after the end', [clientError, ack(1), timeout], 'error'],
  ])('%s', (_, events, shown) => {
    expect(run(terms, ...events)).toBe(shown);
  });

  test('the reason has what the client said, printable', () => {
    const [state] = stepTransfer(beginTransfer(terms)[0], clientError, terms);
    expect(state).toMatchObject({ because: 'the client gave up: error 8, User aborted?' });
  });
});

describe('sending windows', () => {
  const gapsTo = (last: number) => Array.from({ length: last }, (_, index) => ack(index + 1));
  const terms = termsOf({ window: 4, sizeBytes: 512 * 20 });
  test.each<[string, TransferEvent[], string]>([
    ['an ACK of the window brings the next', [ack(4)], 'sending after 4, 5-8, arm 100'],
    ['an ACK inside goes back to the block after it', [ack(4), ack(6)], 'sending after 6, 7-10, arm 100'],
    ['its repetitions are nothing', [ack(4), ack(6), ack(6)], 'sending after 6'],
    ['and one more gap goes back once more', [ack(4), ack(6), ack(8)], 'sending after 8, 9-12, arm 100'],
    ['a second ACK of the window says that its successor was lost', [ack(4), ack(4)], 'sending after 4, 5-8, arm 100'],
    ['a third one is nothing', [ack(4), ack(4), ack(4)], 'sending after 4'],
    ['and in the window after it, a second one is nothing', [ack(4), ack(4), ack(8), ack(8)], 'sending after 8'],
    [
      'but in the one after that, it counts again',
      [ack(4), ack(4), ack(8), ack(12), ack(12)],
      'sending after 12, 13-16, arm 100',
    ],
    ['silence repeats the window', [ack(4), timeout], 'sending after 4, 5-8, arm 200'],
    [
      'after which a gap goes back, and its repetition is nothing',
      [ack(4), timeout, ack(6), ack(6)],
      'sending after 6',
    ],
    ['after many gaps only new blocks follow', gapsTo(9), 'sending after 9, 13, arm 100'],
    ['until a window is confirmed', [...gapsTo(9), ack(13), ack(14)], 'sending after 14, 15-18, arm 100'],
    ['or the client falls silent', [...gapsTo(9), timeout, ack(10)], 'sending after 10, 11-14, arm 100'],
    ['or there is nothing new', [ack(4), ...gapsTo(18).slice(4)], 'sending after 18, 19-21, arm 100'],
    ['the last window is as long as the file', [4, 8, 12, 16].map(ack), 'sending after 16, 17-20, arm 100'],
    ['a full last block is followed by an empty one', [4, 8, 12, 16, 20].map(ack), 'sending after 20, 21, arm 100'],
    ['whose ACK is the end', [4, 8, 12, 16, 20, 21].map(ack), 'done'],
  ])('%s', (_, events, shown) => {
    expect(run(terms, ...events)).toBe(shown);
  });
});

test('block numbers roll over to 0 and go on', () => {
  const terms = termsOf({ window: 4, blockBytes: 8, sizeBytes: 8 * 140_000 });
  let state: TransferState = beginTransfer(terms)[0];
  const wire: number[] = [];
  while (state.kind === 'sending') {
    wire.push(state.sent & 0xffff);
    [state] = stepTransfer(state, ack(state.sent & 0xffff), terms);
  }
  expect(state).toMatchObject({ outcome: 'done' });
  expect(wire.filter((block) => block === 0)).toHaveLength(2);
  expect(wire).toHaveLength(35_001);
});

test.each([
  [0, 1],
  [1, 1],
  [511, 1],
  [512, 2],
  [513, 2],
])('%i bytes take %i blocks', (sizeBytes, blocks) => {
  expect(lastBlockOf(termsOf({ sizeBytes }))).toBe(blocks);
});

test('confirmed bytes are counted up to the size', () => {
  const terms = termsOf({ sizeBytes: 700 });
  const [first] = beginTransfer(terms);
  const [second] = stepTransfer(first, ack(1), terms);
  const [third] = stepTransfer(second, ack(2), terms);
  expect([first, second, third].map((state) => bytesAcked(state, terms))).toEqual([0, 512, 700]);
});

type StepResult = ReturnType<typeof stepTransfer>;

/** A client of RFC 7440 that answers every block it has already, as the chattiest do. */
class Client {
  readonly #terms: Terms;
  #sinceAck = 0;
  received = 0;

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  take(block: number): TransferEvent[] {
    if (block === this.received + 1) {
      this.received = block;
      this.#sinceAck++;
      if (this.#sinceAck < this.#terms.window && block !== lastBlockOf(this.#terms)) return [];
    }
    this.#sinceAck = 0;
    return [ack(this.received & 0xffff)];
  }
}

/** What arrives at a client, and what it says, when the network does to each datagram what `fates` says: 1 loses, 2 doubles. */
function simulate(terms: Terms, fates: readonly number[]): { received: number; outcome: string; datagrams: number } {
  const client = new Client(terms);
  const pending = [...fates];
  const deliver = <T>(items: readonly T[]): T[] =>
    items.flatMap((item) => [[item], [], [item, item]][pending.shift() ?? 0] ?? []);
  let datagrams = 0;
  const answers = ([, effects]: StepResult): TransferEvent[] =>
    effects.flatMap((effect) => {
      if (effect.kind === 'send-oack') return deliver([0]).map(ack);
      if (effect.kind !== 'send-blocks') return [];
      const blocks = Array.from({ length: effect.last - effect.first + 1 }, (_, index) => effect.first + index);
      datagrams += blocks.length;
      return deliver(deliver(blocks).flatMap((block) => client.take(block)));
    });

  let step = beginTransfer(terms);
  // All that is on its way; what the server says meanwhile comes behind it.
  let onTheWay = answers(step);
  for (let rounds = 0; rounds < 20_000 && step[0].kind !== 'ended'; rounds++) {
    step = stepTransfer(step[0], onTheWay.shift() ?? timeout, terms);
    onTheWay = [...onTheWay, ...answers(step)];
  }
  return { received: client.received, outcome: step[0].kind === 'ended' ? step[0].outcome : 'running', datagrams };
}

test('whatever the network does for a while, the client gets the whole file, without a storm', () => {
  fc.assert(
    fc.property(
      fc.record({
        window: fc.integer({ min: 1, max: 4 }),
        sizeBytes: fc.integer({ min: 0, max: 200_000 }),
        withOack: fc.boolean(),
      }),
      fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 3 }),
      ({ withOack, ...changes }, fates) => {
        const terms = termsOf({ ...changes, oack: withOack ? oack : [] });
        const { received, outcome, datagrams } = simulate(terms, fates);
        expect([outcome, received]).toEqual(['done', lastBlockOf(terms)]);
        // Each misfortune may cost a few windows, but never a share of the file.
        expect(datagrams).toBeLessThanOrEqual(lastBlockOf(terms) + 12 * fates.length * terms.window);
      },
    ),
    { seed, numRuns: 300 },
  );
});

test('no order of events leaves the window or the file', () => {
  const event: fc.Arbitrary<TransferEvent> = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 24 }).map(ack) },
    { weight: 2, arbitrary: fc.constant(timeout) },
    { weight: 1, arbitrary: fc.constantFrom(clientError, { kind: 'read-failed' } as const) },
  );
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      (events, window, withOack) => {
        const terms = termsOf({ window, sizeBytes: 10_000, oack: withOack ? oack : [] });
        let state: TransferState = beginTransfer(terms)[0];
        for (const next of events) {
          const step = stepTransfer(state, next, terms);
          for (const effect of step[1]) expectInside(effect, terms);
          if (state.kind === 'ended') expect(step).toEqual([state, []]);
          expect(ackedOf(step[0])).toBeGreaterThanOrEqual(ackedOf(state));
          state = step[0];
        }
      },
    ),
    { seed, numRuns: 300 },
  );
});

function ackedOf(state: TransferState): number {
  if (state.kind === 'sending') return state.acked;
  return state.kind === 'ended' ? Number.POSITIVE_INFINITY : 0;
}

function expectInside(effect: TransferEffect, terms: Terms): void {
  if (effect.kind !== 'send-blocks') return;
  expect(effect.first).toBeGreaterThanOrEqual(1);
  expect(effect.last).toBeLessThanOrEqual(lastBlockOf(terms));
  expect(effect.last - effect.first).toBeLessThan(terms.window);
  expect(effect.last).toBeGreaterThanOrEqual(effect.first);
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestClock, TestLog } from '../../../test/packets/ports.ts';
import { AppError } from '../../kernel/errors.ts';
import type { TimeKeeper } from '../../kernel/time-keeper.ts';
import type { LinkClient } from '../../wire/link/client.ts';
import type { HelloResponse, SyncResponse } from '../../wire/link/gen/link.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import { type Link, startLink } from './link.ts';
import type { LinkIdentityPart, LinkParts } from './parts.ts';

const MINUTE = 60_000;
const turns = () => new Promise((resolve) => setImmediate(resolve));
type Step = ReturnType<LinkIdentityPart['step']>;
const welcome = (more: Partial<HelloResponse> = {}): HelloResponse => ({
  ...{ hubEpoch: 'h', ratchet: new Uint8Array(), ackedThrough: 0n, limits: undefined, trust: undefined, renew: false },
  ...{ takeOver: [], quarantinedBecause: '', ...more },
});
type Answer = (request: never) => unknown;

/** A link whose head office answers as the test says; calls that have no answer are waiting for it. */
class World {
  readonly clock = new TestClock();
  readonly log = new TestLog();
  /** Of each call its name, in order. */
  readonly asked: string[] = [];
  readonly learned: number[] = [];
  readonly wanted: unknown[] = [];
  step: Step = 'nothing';
  /** Of each run of the lanes. */
  readonly lanes: { readonly signal: AbortSignal; readonly fail: (error: Error) => void }[] = [];
  link: Link | undefined;
  answers: Record<string, Answer> = {
    getTime: () => ({ timeMs: 1n }),
    hello: () => welcome(),
    sync: () => new Promise(() => undefined),
  };
  #ring: () => void = () => undefined;
  #changed: () => void = () => undefined;
  readonly #closed = Promise.withResolvers<never>();

  start(more: Partial<LinkParts> = {}): void {
    const { clock, log } = this;
    this.#closed.promise.catch(() => undefined);
    const time: TimeKeeper = {
      ...{ now: () => clock.now(), monotonic: () => clock.monotonic(), after: (ms, run) => clock.after(ms, run) },
      ...{ quality: 'hub', offsetMs: 0, learn: (ms) => void this.learned.push(ms) },
    };
    const identity: LinkIdentityPart = {
      step: () => this.step,
      take: async (step, client) => {
        await client.call(step === 'enroll' ? 'enroll' : 'renew', {} as never, { deadlineMs: 1 });
        this.step = 'nothing';
        this.#changed();
      },
      roots: () => [new Uint8Array(1)],
      heardRefusal: async () => undefined,
      heardAnswer: () => undefined,
      askRenew: () => {
        this.step = 'renew';
      },
      accept: async () => undefined,
      onChange: (run) => {
        this.#changed = run;
        return () => undefined;
      },
    };
    this.link = startLink({
      ...{ client: this.#client(''), stranger: this.#client('stranger: '), identity, time, log, session: 's' },
      up: {
        hello: () => ({ session: 's', ratchet: new Uint8Array(), eventEpoch: 'e', nextSeq: 1n, fresh: false }),
        welcomed: async (_said, { quarantinedBecause }) => (quarantinedBecause === '' ? 'welcome' : 'quarantined'),
        run: (_client, signal) =>
          new Promise((resolve, fail) => {
            this.lanes.push({ signal, fail });
            signal.addEventListener('abort', () => resolve());
          }),
      },
      down: {
        onDesired: (wanted) => void this.wanted.push(wanted),
        have: () => ({ bundle: undefined, highest: 0, confirmed: 0 }),
      },
      about: () => ({
        ...{ version: '1', capabilities: [], sealingKey: new Uint8Array(), hardware: undefined, keySetVersion: 0 },
        roots: [],
      }),
      random: { unit: () => 0.5, bytes: (count) => new Uint8Array(count) },
      ...{ bootDelayMs: 0, ...more },
    });
  }

  becomes(step: Step): void {
    this.step = step;
    this.#changed();
  }

  ring(): void {
    this.#ring();
  }

  /** The names of the calls since the last time. */
  async heard(ms = 0): Promise<string[]> {
    // In small steps: what a timer begins is to have its turn before the next one.
    for (let left = ms; left >= 0; left -= 1_000) {
      await turns();
      await this.clock.pass(Math.min(left, 1_000));
    }
    await turns();
    return this.asked.splice(0);
  }

  #client(prefix: string): LinkClient {
    return {
      call: (method, request) => {
        this.asked.push(`${prefix}${method}`);
        const answer = async () => this.answers[method]?.(request as never);
        return Promise.race([answer(), this.#closed.promise]) as never;
      },
      onDoorbell: (ring) => {
        this.#ring = ring;
        return () => undefined;
      },
      close: async () => this.#closed.reject(new AppError('hub-unreachable', 'closed')),
    };
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(async () => {
  await world.link?.stop();
  expect(world.clock.timers).toBe(0);
});
const view = () => world.link?.view();
const nobody = () => Promise.reject(new AppError('hub-unreachable', 'no answer'));
const nothingNew = (more: Partial<SyncResponse> = {}) => ({
  ...{ desired: undefined, pollAfterMs: 10_000, hello: false, ...more },
});

describe('the link', () => {
  it('asks for the time, says who it is, and waits at head office', async () => {
    world.start();
    expect(view()).toMatchObject({ state: 'connecting' });
    expect(await world.heard()).toEqual(['getTime', 'hello', 'sync']);
    expect([view()?.state, world.learned, world.lanes.length]).toEqual(['online', [1], 1]);
  });

  it('rests without a code, and joins the moment that somebody types one, as a stranger', async () => {
    world.step = 'need-code';
    world.answers['enroll'] = () => ({});
    world.start();
    expect(await world.heard(60 * MINUTE)).toEqual(['getTime']);
    expect(view()).toMatchObject({ state: 'needs-code' });
    world.becomes('enroll');
    expect(await world.heard()).toEqual(['getTime', 'stranger: enroll', 'getTime', 'hello', 'sync']);
  });

  it('comes ever more seldom while nobody answers, says since when, and is well again by itself', async () => {
    const begun = world.clock.now();
    world.answers['getTime'] = nobody;
    world.start();
    const tries: number[] = [];
    for (let hour = 0; hour < 3; hour++) tries.push((await world.heard(60 * MINUTE)).length);
    expect(tries[0]).toBeGreaterThan(20);
    expect(tries[2]).toBe(24);
    expect(view()).toMatchObject({ state: 'unreachable', since: begun, because: 'no answer' });
    expect(world.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    world.answers['getTime'] = () => ({ timeMs: 2n });
    await world.heard(5 * MINUTE);
    expect(view()).toMatchObject({ state: 'online' });
  });

  it('does not hurry where Hello is answered and nothing behind it', async () => {
    world.answers['sync'] = nobody;
    world.start();
    await world.heard(60 * MINUTE);
    expect((await world.heard(60 * MINUTE)).filter((name) => name === 'hello')).toHaveLength(24);
  });

  it('keeps to the pause that a refusal asks for', async () => {
    world.answers['hello'] = () => Promise.reject(new Refusal('busy', 'too many at once', { pauseMs: 2 * MINUTE }));
    world.start();
    await world.heard();
    expect(view()).toMatchObject({ because: 'it refuses: too many at once' });
    expect(await world.heard(2 * MINUTE)).toEqual([]);
    expect(await world.heard(2_000)).toEqual(['getTime', 'hello']);
  });

  it('stands aside for another box with its identity, and asks in a minute whether it still has to', async () => {
    world.answers['hello'] = () => welcome({ quarantinedBecause: 'another box speaks' });
    world.start();
    expect(await world.heard()).toEqual(['getTime', 'hello']);
    expect([view()?.because, world.lanes.length]).toEqual(['another box speaks', 0]);
    world.answers['hello'] = () => welcome({});
    expect(await world.heard(MINUTE)).toEqual(['getTime', 'hello', 'sync']);
    expect(view()?.state).toBe('online');
  });
});

describe('the link, online', () => {
  it('polls at the pace of head office, and at once when the doorbell rings', async () => {
    world.answers['sync'] = () => nothingNew();
    world.start();
    await world.heard();
    expect(await world.heard(7_500)).toEqual(['sync']);
    world.ring();
    expect(await world.heard()).toEqual(['sync']);
  });

  it('hands on what head office wants', async () => {
    const desired = { number: 7n, bundle: new Uint8Array([0xab]), sizeBytes: 3n, publication: 'r7' };
    world.answers['sync'] = () => nothingNew({ desired });
    world.start();
    await world.heard();
    expect(world.wanted).toEqual([{ number: 7, bundle: 'ab', sizeBytes: 3, publication: 'r7' }]);
  });

  it('says Hello again when it is asked to, with new lanes and at the pace of head office', async () => {
    world.answers['sync'] = () => nothingNew({ hello: true });
    world.start();
    expect(await world.heard()).toEqual(['getTime', 'hello', 'sync']);
    expect(await world.heard(7_500)).toEqual(['hello', 'sync']);
    expect(world.lanes.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  });

  it('learns the time once an hour', async () => {
    world.answers['sync'] = () => nothingNew({ pollAfterMs: 40_000 });
    world.start();
    const asked = await world.heard(3 * 60 * MINUTE);
    expect(asked.filter((name) => name === 'getTime')).toHaveLength(3);
  });

  it('is over when its lanes fail, and begins again', async () => {
    world.start();
    await world.heard();
    world.lanes[0]?.fail(new AppError('hub-unreachable', 'the line is cut'));
    await world.heard();
    expect(view()).toMatchObject({ state: 'unreachable', because: 'the line is cut' });
    expect(await world.heard(2_000)).toEqual(['getTime', 'hello', 'sync']);
  });

  it('is somebody else at once when a code is typed', async () => {
    world.answers['enroll'] = () => ({});
    world.start();
    await world.heard();
    world.becomes('enroll');
    expect(await world.heard()).toEqual(['getTime', 'stranger: enroll', 'getTime', 'hello', 'sync']);
  });

  it('renews beside its lanes; a renewal that is refused keeps nothing from head office', async () => {
    world.answers['hello'] = () => welcome({ renew: true });
    world.answers['renew'] = () => {
      world.step = 'nothing';
      return Promise.reject(new Refusal('busy', 'too many certificates within a day'));
    };
    world.step = 'renew';
    world.start();
    expect(await world.heard()).toEqual(['getTime', 'hello', 'renew', 'sync']);
    expect(view()?.state).toBe('online');
    expect(world.log.lines.map(({ text }) => text)).toContain(
      'the certificate of this site was not renewed; it is tried again',
    );
  });
});

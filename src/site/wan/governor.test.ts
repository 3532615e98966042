import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../kernel/ports.ts';
import { FILL_PRIORITIES, type FillPriority } from '../../model/content.ts';
import { NO_WAN_RULES, type WanRules } from '../../model/wan.ts';
import { createWan } from './governor.ts';

/** Time that moves in steps of a millisecond, with all that falls due on the way. */
class StepClock implements Clock {
  ms = 0;
  #timers: { at: number; run: () => void }[] = [];
  now = (): number => Date.parse('2026-11-22T10:00:00Z') + this.ms;
  monotonic = (): number => this.ms;
  after(delayMs: number, run: () => void) {
    const timer = { at: this.ms + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  async pass(ms: number): Promise<void> {
    for (const end = this.ms + ms; this.ms < end; ) {
      this.ms++;
      const due = this.#timers.filter(({ at }) => at <= this.ms);
      this.#timers = this.#timers.filter(({ at }) => at > this.ms);
      for (const { run } of due) run();
      // Whoever was let through asks for its next piece before time goes on.
      for (let turns = 0; turns < 4; turns++) await Promise.resolve();
    }
  }
}

const KIB = 1024;
const RATE = 1_000_000;

function world(rules: Partial<WanRules>) {
  const clock = new StepClock();
  let current: WanRules = { ...NO_WAN_RULES, ...rules };
  const wan = createWan({ rules: () => current, clock });
  const stopping = new AbortController();
  return {
    clock,
    wan,
    stopping,
    change: (next: Partial<WanRules>) => {
      current = { ...NO_WAN_RULES, ...next };
    },
    /** Downloads without an end; answers how far it is. */
    download: (priority: FillPriority, pieceBytes = 64 * KIB) => {
      const at = { bytes: 0 };
      const go = async (): Promise<void> => {
        for (;;) {
          await wan.take(pieceBytes, priority, stopping.signal);
          at.bytes += pieceBytes;
        }
      };
      go().catch(() => undefined);
      return at;
    },
  };
}

describe('the governor of the line', () => {
  it('lets all go at once where there is no limit, and counts', async () => {
    const { wan, stopping } = world({});
    await wan.take(10_000_000, 'scrub', stopping.signal);
    expect(wan.now()).toEqual({ prefetch: true, month: '2026-11', bytes: 10_000_000 });
  });

  it('keeps to the rate, whatever the pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1_000, max: 2_000_000 }),
        fc.constantFrom(...FILL_PRIORITIES),
        async (piece, who) => {
          const { clock, download, wan } = world({ bytesPerSecond: RATE });
          const at = download(who, piece);
          await clock.pass(5_000);
          wan.stop();
          expect(at.bytes).toBeLessThanOrEqual(5 * RATE + RATE / 4 + piece);
          expect(at.bytes).toBeGreaterThan(5 * RATE * 0.97 - piece);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('shares evenly among equals, and gives everything to who is more urgent', async () => {
    const { clock, download, wan } = world({ bytesPerSecond: RATE });
    const [one, other, idle] = [download('client'), download('client'), download('prefetch')];
    await clock.pass(4_000);
    expect(Math.abs(one.bytes - other.bytes)).toBeLessThanOrEqual(64 * KIB);
    expect(idle.bytes).toBe(0);
    const before = one.bytes + other.bytes;
    const boot = download('boot');
    await clock.pass(1_000);
    expect(one.bytes + other.bytes).toBeLessThanOrEqual(before + 64 * KIB);
    expect(boot.bytes).toBeGreaterThan(RATE * 0.9);
    wan.stop();
  });

  it('follows a new revision without being told', async () => {
    const { clock, download, wan, change } = world({ bytesPerSecond: 8_000 });
    const at = download('client');
    await clock.pass(2_000);
    const slow = at.bytes;
    change({ bytesPerSecond: RATE });
    await clock.pass(2_000);
    expect(at.bytes - slow).toBeGreaterThan(RATE * 0.9);
    change({});
    await clock.pass(1);
    wan.stop();
  });

  it('holds a prefetch in a closed window and beyond the allowance, and nobody else', async () => {
    const closed = { days: [0], fromMinute: 600, toMinute: 601, prefetch: false };
    const { clock, download, wan } = world({ bytesPerSecond: RATE, windows: [closed], monthlyBytes: 3 * RATE });
    const [idle, client] = [download('prefetch'), download('client')];
    await clock.pass(2_000);
    expect([idle.bytes, client.bytes > RATE]).toEqual([0, true]);
    await clock.pass(60_000);
    expect(idle.bytes).toBe(0);
    expect(client.bytes).toBeGreaterThan(55 * RATE);
    wan.stop();
  });

  it('whoever gives up waits no more, and takes nothing', async () => {
    const { clock, wan } = world({ bytesPerSecond: 8_000 });
    const leaving = new AbortController();
    await wan.take(100 * KIB, 'client', leaving.signal);
    const waiting = wan.take(100 * KIB, 'client', leaving.signal);
    leaving.abort();
    await expect(waiting).rejects.toMatchObject({ message: 'the download was stopped' });
    await clock.pass(100);
    expect(wan.now().bytes).toBe(100 * KIB);
    await expect(wan.take(1, 'boot', leaving.signal)).rejects.toThrow();
    const stopped = wan.take(1, 'boot', new AbortController().signal);
    wan.stop();
    await expect(stopped).rejects.toThrow();
  });
});

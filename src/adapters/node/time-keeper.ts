import type { Cancel, Clock, Log } from '../../kernel/ports.ts';
import type { TimeKeeper, TimeQuality } from '../../kernel/time-keeper.ts';
import { systemClock } from './clock.ts';
import { readText, writeAtomic } from './files.ts';

export type TimeKeeperParts = {
  /** Where the last good time is kept. */
  readonly path: string;
  readonly log: Log;
  /** Of this machine; another one in tests. */
  readonly machine?: Clock;
  /** Hears how far the machine's clock is off, each time that this was found to be more than a little. */
  readonly onOffset?: (offsetMs: number) => void;
};

/** Head office's time and ours differ by so much for the way alone. */
const TOLERANCE_MS = 1_000;
/** A box that forgets the time at each start and never asks head office again would otherwise live through one hour for ever. */
const WRITE_EVERY_MS = 10 * 60_000;

/**
 * The time by what head office signed, carried on by the clock that nobody sets; before that, the machine's, but never before the last
 * good time on disk: a box without a battery wakes up in 1970. From start to start that time goes on, so that what is to end does
 * end; what the machine's clock shows is never written down. `stop` writes the time once more.
 */
export async function openTimeKeeper(parts: TimeKeeperParts): Promise<TimeKeeper & { stop(): Promise<void> }> {
  const { path, log, machine = systemClock } = parts;
  const startedAt = machine.monotonic();
  const floor = readFloor(await readText(path));
  /** Head office's time at a moment of the clock that nobody sets. */
  let known: { readonly timeMs: number; readonly at: number } | undefined;

  /** Goes on from what was good; undefined: nothing ever was. */
  const good = (): number | undefined => {
    const { timeMs, at } = known ?? { timeMs: floor, at: startedAt };
    return timeMs === 0 ? undefined : Math.round(timeMs + machine.monotonic() - at);
  };
  const now = (): number => (known ? good() : undefined) ?? Math.max(machine.now(), good() ?? 0);
  let writing = Promise.resolve();
  const write = (): Promise<void> => {
    writing = writing.then(async () => {
      const time = good();
      if (time !== undefined) await writeAtomic(path, `${time}\n`);
    });
    writing = writing.catch((error: unknown) => log.warn({ error }, 'the time could not be kept'));
    return writing;
  };
  let cancel: Cancel = () => undefined;
  const writeOn = (): void => {
    cancel = machine.after(WRITE_EVERY_MS, () => void write().then(writeOn));
  };
  writeOn();

  return {
    now,
    monotonic: machine.monotonic,
    after: machine.after,
    get quality(): TimeQuality {
      return known ? 'hub' : 'machine';
    },
    get offsetMs() {
      return known ? now() - machine.now() : 0;
    },
    learn: (hubTimeMs, uncertaintyMs) => {
      const isOff = Math.abs(hubTimeMs - now()) > uncertaintyMs + TOLERANCE_MS;
      if (known && !isOff) return;
      // A step for nothing would only put events out of their order.
      known = { timeMs: isOff ? hubTimeMs : now(), at: machine.monotonic() };
      const offsetMs = now() - machine.now();
      if (Math.abs(offsetMs) > TOLERANCE_MS) {
        log.warn({ offsetMs }, "the machine's clock is off; head office's time is used");
        parts.onOffset?.(offsetMs);
      }
      void write();
    },
    stop: async () => {
      cancel();
      await write();
    },
  };
}

/** A file that cannot be read is no reason to believe in another time. */
function readFloor(text: string | undefined): number {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

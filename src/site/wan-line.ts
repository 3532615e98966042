import { join } from 'node:path';
import { readText, writeAtomic } from '../adapters/node/files.ts';
import type { Cancel, Clock, Log } from '../kernel/ports.ts';
import { NO_WAN_RULES, type WanRules } from '../model/wan.ts';
import { createWan, type MonthlyUse, type RunningWan } from './wan/governor.ts';

export type WanLineParts = {
  readonly dataDir: string;
  /** Those of the revision in force; undefined: there is none, or it has none. */
  readonly rules: () => WanRules | undefined;
  readonly clock: Clock;
  readonly log: Log;
};

/** The line to the outside, which all downloads of the site share, and what a month has used of it over all lives of the site. */
export interface WanLine extends Omit<RunningWan, 'stop'> {
  stop(): Promise<void>;
}

const KEEP_METER_MS = 60_000;

/** Rejects with an AppError if its file cannot be read. */
export async function openWanLine({ dataDir, rules, clock, log }: WanLineParts): Promise<WanLine> {
  const meter = meterFile(join(dataDir, 'wan.json'));
  const wan = createWan({ rules: () => rules() ?? NO_WAN_RULES, clock, ...(await meter.read()) });
  let keeping: Cancel | undefined;
  const keepMeter = (): void => {
    keeping = clock.after(KEEP_METER_MS, () => {
      meter
        .write(wan.now())
        .catch((error: unknown) => log.warn({ error }, 'what the line was used for cannot be kept'));
      keepMeter();
    });
  };
  keepMeter();
  return {
    take: (bytes, priority, signal) => wan.take(bytes, priority, signal),
    now: () => wan.now(),
    waiting: () => wan.waiting(),
    stop: async () => {
      keeping?.();
      wan.stop();
      await meter.write(wan.now()).catch(() => undefined);
    },
  };
}

function meterFile(path: string) {
  return {
    read: async (): Promise<{ readonly used?: MonthlyUse }> => {
      const text = await readText(path);
      const [, month, bytes] = /^\{"month":"(\d{4}-\d{2})","bytes":(\d{1,15})\}\n$/.exec(text ?? '') ?? [];
      return month === undefined ? {} : { used: { month, bytes: Number(bytes) } };
    },
    write: ({ month, bytes }: MonthlyUse): Promise<void> => writeAtomic(path, `${JSON.stringify({ month, bytes })}\n`),
  };
}

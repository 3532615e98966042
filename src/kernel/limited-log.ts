import { LogBudget } from './log-budget.ts';
import type { Clock, Log, LogFields } from './ports.ts';

/** Ten lines a second for a minute: more than a store that gets its power back says, and no disk is full of it. */
const LINES_PER_MINUTE = 600;

/**
 * The same log for a room that strangers can make talk: of each level so many lines a minute are written and the others
 * are counted; `leftOutBefore` of the next line that is written says how many.
 */
export function limitLog(log: Log, clock: Pick<Clock, 'monotonic'>, linesPerMinute: number = LINES_PER_MINUTE): Log {
  const budget = new LogBudget(clock, linesPerMinute);
  const limited = (level: keyof Log) => (fields: LogFields, message: string) => {
    const spent = budget.spend(level);
    if (spent) log[level](spent.leftOut > 0 ? { ...fields, leftOutBefore: spent.leftOut } : fields, message);
  };
  return { debug: limited('debug'), info: limited('info'), warn: limited('warn'), error: limited('error') };
}

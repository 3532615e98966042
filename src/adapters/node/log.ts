import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino';
import type { Log, LogFields } from '../../kernel/ports.ts';
import type { Redactor } from '../../kernel/redactor.ts';
import { loggable, withoutTokens } from './loggable.ts';

export type LogSettings = {
  /** Lines below this level are dropped. */
  readonly level: LevelWithSilent;
  /** Standard output, if it is not given. */
  readonly destination?: DestinationStream;
  /** Takes the secrets of the site out of all lines. */
  readonly redactor?: Redactor;
};

/** A log of JSON lines, one per thing that happened. Secrets are taken out of fields and messages on the way. */
export function createLog(settings: LogSettings): Log {
  const options = { level: settings.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const logger: Logger = settings.destination ? pino(options, settings.destination) : pino(options);
  const { redactor } = settings;
  const write = (level: keyof Log) => (fields: LogFields, message: string) => {
    const clean = redactor ? redactor.redactAll(loggable(fields)) : loggable(fields);
    const words = withoutTokens(message);
    logger[level](clean, redactor ? redactor.redact(words) : words);
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

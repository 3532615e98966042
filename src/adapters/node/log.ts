import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino';
import type { Log } from '../../kernel/ports.ts';
import { loggable, withoutTokens } from './loggable.ts';

export type LogSettings = {
  /** Lines below this level are dropped. */
  readonly level: LevelWithSilent;
  /** Standard output, if it is not given. */
  readonly destination?: DestinationStream;
};

/** A log of JSON lines, one per thing that happened. Secrets are taken out of fields and messages on the way. */
export function createLog(settings: LogSettings): Log {
  const options = { level: settings.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const logger: Logger = settings.destination ? pino(options, settings.destination) : pino(options);
  return {
    debug: (fields, message) => logger.debug(loggable(fields), withoutTokens(message)),
    info: (fields, message) => logger.info(loggable(fields), withoutTokens(message)),
    warn: (fields, message) => logger.warn(loggable(fields), withoutTokens(message)),
    error: (fields, message) => logger.error(loggable(fields), withoutTokens(message)),
  };
}

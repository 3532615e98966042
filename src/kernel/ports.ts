/** What every room may be handed; `adapters/node` has the real ones. */

/** Time. `now` may jump when somebody sets the clock; `monotonic` never does, and is what timers and durations use. */
export interface Clock {
  /** Milliseconds since 1970, as the machine believes. */
  now(): number;
  /** Milliseconds since some point in the past; only differences mean something. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, run: () => void): Cancel;
}

export type Cancel = () => void;

/** What an AbortSignal is to whoever only listens; code that is pure does not know Node's own. */
export interface StopSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', run: () => void): void;
  removeEventListener(type: 'abort', run: () => void): void;
}

export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  unit(): number;
  /** `count` bytes that nobody can guess. */
  bytes(count: number): Uint8Array;
}

/** One line per thing that happened; `fields` carry machine, slot and numbers, never secrets. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

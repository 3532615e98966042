import type { StopSignal } from '../kernel/ports.ts';
import type { FillPriority } from './content.ts';

/** The line to the outside, shared by all who download. */
export interface Wan {
  /**
   * Resolves when `bytes` more may be taken off the line; whoever waits reads nothing meanwhile, so that the sender slows
   * down. Rejects if the signal aborts.
   */
  take(bytes: number, priority: FillPriority, signal: StopSignal): Promise<void>;
}

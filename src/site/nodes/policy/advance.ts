import type { MacAddress } from '../../../kernel/mac.ts';
import type { Boot, BootOutcome, Stall } from '../../../model/boot.ts';
import type { BootInput, Transition } from './boot-machine.ts';
import { findTransition } from './boot-machine.ts';

/**
 * The boot after an input, or the same boot if that changes nothing. `because` is the sentence of an outcome that has
 * one. A boot that has an outcome never changes again. Whatever moves it ends its stall, but for giving up: that makes
 * the stall its outcome.
 */
export function advance(boot: Boot, on: BootInput, at: number, because = ''): Boot {
  const row = boot.outcome ? undefined : findTransition(boot.stage, on);
  if (!row) return boot;
  if (row.ends === 'stalled') return giveUp(boot, at);
  const goesOn = endStalls(boot, () => true, at);
  const moved = row.to ? { ...goesOn, stage: row.to, reached: { ...boot.reached, [row.to]: at } } : goesOn;
  return row.ends ? { ...moved, outcome: outcomeOf(row.ends, because), closedAt: at } : moved;
}

function giveUp(boot: Boot, at: number): Boot {
  const stall = currentStall(boot);
  if (!stall) return boot;
  const { stage, since, cause, nextStep } = stall;
  return { ...boot, outcome: { kind: 'stalled', stage, since, cause, nextStep }, closedAt: at };
}

function outcomeOf(kind: Exclude<Transition['ends'], undefined | 'stalled'>, because: string): BootOutcome {
  return kind === 'local' || kind === 'refused' ? { kind, because } : { kind };
}

/** The stall that a person should see now: a boot that took another step, or ended, stands still no more. */
export function currentStall({ outcome, stage, stalls }: Boot): Stall | undefined {
  if (outcome) return undefined;
  return stalls?.find((stall) => stall.stage === stage && stall.endedAt === undefined);
}

/** The boot with an end to those of its stalls that have none yet and of which `isOver` says so; the same boot if there are none. */
export function endStalls(boot: Boot, isOver: (stall: Stall) => boolean, at: number): Boot {
  const ends = (stall: Stall) => stall.endedAt === undefined && isOver(stall);
  if (!boot.stalls?.some(ends)) return boot;
  return { ...boot, stalls: boot.stalls.map((stall) => (ends(stall) ? { ...stall, endedAt: at } : stall)) };
}

/** A firmware that is silent for so long after its DISCOVER was switched off, or went on with its disk. */
const STALE_MS = 10 * 60_000;

/**
 * Whether a DISCOVER or REQUEST of firmware or of iPXE from `mac` at `at` begins another boot. Until it had its script a machine
 * asks several times, and first its firmware and then its iPXE: that is one boot. After its script only a reset brings
 * either of them back. So does firmware that had no luck with one NIC, and goes on to the next.
 */
export function beginsAnew(boot: Boot, mac: MacAddress, at: number): boolean {
  if (boot.mac !== mac) return true;
  if (boot.outcome || (boot.stage !== 'seen' && boot.stage !== 'loader')) return true;
  return at - lastReached(boot) > STALE_MS;
}

/** When the boot made its last step. */
export function lastReached(boot: Boot): number {
  return Math.max(boot.openedAt, ...Object.values(boot.reached));
}

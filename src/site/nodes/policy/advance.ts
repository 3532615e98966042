import type { MacAddress } from '../../../kernel/mac.ts';
import type { Boot, BootOutcome } from '../../../model/boot.ts';
import type { BootInput, Transition } from './boot-machine.ts';
import { findTransition } from './boot-machine.ts';

/**
 * The boot after an input, or the same boot if that changes nothing. `because` is the sentence of an outcome that has
 * one. A boot that has an outcome never changes again.
 */
export function advance(boot: Boot, on: BootInput, at: number, because = ''): Boot {
  const row = boot.outcome ? undefined : findTransition(boot.stage, on);
  if (!row) return boot;
  const moved = row.to ? { ...boot, stage: row.to, reached: { ...boot.reached, [row.to]: at } } : boot;
  return row.ends ? { ...moved, outcome: outcomeOf(row.ends, because), closedAt: at } : moved;
}

function outcomeOf(kind: NonNullable<Transition['ends']>, because: string): BootOutcome {
  return kind === 'local' || kind === 'refused' ? { kind, because } : { kind };
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

import type { Boot, Stall } from '../../../model/boot.ts';
import type { SiteState } from '../../../model/store.ts';
import { lastReached } from './advance.ts';
import { factsOf, profileOf, type StallClocks } from './stall-facts.ts';
import { type Allowed, findStallRow } from './stall-table.ts';

/** A boot that stands still. */
export type FoundStall = { readonly boot: Boot; readonly stall: Stall };

/** A held machine goes on by itself when its time is over; its firmware then needs a moment. */
const HOLD_SLACK_MS = 60_000;
const HOLD_MS = 5 * 60_000;
/** For an install whose slot is gone from the template. */
const WITHIN_MS = 45 * 60_000;

/** All boots that have been in one stage for longer than it may last, at `now`. */
export function findStalls(state: SiteState, now: number, clocks: StallClocks): FoundStall[] {
  return [...state.boots.values()].flatMap((boot) => {
    const stall = isOpen(boot, state) ? findStall(boot, state, now, clocks) : undefined;
    return stall ? [{ boot, stall }] : [];
  });
}

function isOpen(boot: Boot, state: SiteState): boolean {
  return boot.outcome === undefined && state.latestBoot(boot.machine)?.id === boot.id;
}

function findStall(boot: Boot, state: SiteState, now: number, clocks: StallClocks): Stall | undefined {
  const row = findStallRow(boot.stage, factsOf(boot, state, clocks));
  if (!row) return undefined;
  const since = lastMove(boot, clocks);
  if (now - Math.max(since, clocks.listeningSince) < allowedMs(row.allowed, boot, clocks)) return undefined;
  return { stage: boot.stage, row: row.id, since, cause: row.cause, nextStep: withWords(row.nextStep, boot) };
}

/** The text with what a person is to type in place of its names. */
function withWords(text: string, { deafTo }: Boot): string {
  return deafTo ? text.replace('NEXT-SERVER', deafTo.nextServer).replace('BOOT-FILE', deafTo.bootFile) : text;
}

/** Bytes of a kernel that flow are no step, and no stall either. */
function lastMove(boot: Boot, { progressOf }: StallClocks): number {
  const flowedAt = boot.stage === 'kernel' ? progressOf(boot.mac)?.at : undefined;
  return Math.max(lastReached(boot), flowedAt ?? 0);
}

function allowedMs(allowed: Allowed, boot: Boot, clocks: StallClocks): number {
  if (typeof allowed === 'number') return allowed;
  if (allowed === 'within') return (profileOf(boot, clocks)?.install?.withinSeconds ?? WITHIN_MS / 1_000) * 1_000;
  const holdSeconds = clocks.revisionOf(boot)?.unknownMachines.holdSeconds ?? HOLD_MS / 1_000;
  return holdSeconds * 1_000 + HOLD_SLACK_MS;
}

import { formatDuration } from '../../../kernel/duration.ts';
import type { Boot, Stall } from '../../../model/boot.ts';
import type { Signal } from '../../../model/signal.ts';
import { currentStall, endStalls } from './advance.ts';
import { type Context, revisionOf } from './context.ts';
import { findStalls } from './stall.ts';
import { noteUnanswered } from './stall-offered.ts';
import { nameOf, subjectOf } from './track-boot.ts';

/** Looks after all open boots: writes down who stands still, once for each boot and stage, and takes it back when they go on. */
export function hearStallTick(context: Context, { at, listeningSince }: Extract<Signal, { kind: 'tick' }>): void {
  if (listeningSince === undefined) return;
  const { draft, memory } = context;
  const found = findStalls(draft, at, {
    listeningSince,
    revisionOf: (boot) => revisionOf(context, boot),
    progressOf: (mac) => memory.progressOf(mac),
  });
  const stuck = new Set(found.map(({ boot }) => boot.id));
  // A copy: rows are put while we look at them.
  for (const boot of [...draft.boots.values()])
    if (currentStall(boot) && !stuck.has(boot.id)) draft.putBoot(endStalls(boot, () => true, at));
  noteUnanswered(context, at, listeningSince);
  for (const { boot, stall } of found) noteStall(context, draft.boots.get(boot.id) ?? boot, stall, at);
}

/** One that stops, flows and stops again was told of once; only the row says that it stands again. */
function noteStall(context: Context, boot: Boot, stall: Stall, at: number): void {
  const before = boot.stalls ?? [];
  const known = before.find(({ stage }) => stage === stall.stage);
  if (known && known.endedAt === undefined) return;
  const others = before.filter((row) => row !== known);
  context.draft.putBoot({ ...boot, stalls: [...others, stall] });
  if (known) return;
  const quiet = formatDuration(Math.max(0, at - stall.since));
  const sentence = `${nameOf(context, boot)}: no step for ${quiet}: ${stall.cause}. ${stall.nextStep}.`;
  const { stage, row, since, cause, nextStep } = stall;
  const data = { stage, row, since, cause, nextStep };
  context.draft.say({ type: 'boot-stalled', at, sentence, ...subjectOf(boot), data });
}

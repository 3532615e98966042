import { formatDuration } from '../../../kernel/duration.ts';
import type { Boot, BootStage } from '../../../model/boot.ts';
import { BOOT_STAGES } from '../../../model/boot.ts';
import { describeWay } from '../../../model/boot-way.ts';
import type { BootView, StageView, StallView } from '../../../wire/api/views.ts';
import { currentStall, lastReached } from './advance.ts';
import type { Progress } from './memory.ts';
import { DOING, describeEnd, NEXT_STEP } from './words.ts';

/** After so long without a step a person wants to know that nothing happens. */
const QUIET_MS = 5 * 60_000;

/** A boot as a timeline. `progress` is of the file on its way now, `place` the one in the queue for its files. */
export function viewBoot(boot: Boot, now: number, progress?: Progress, place?: number): BootView {
  const stages = BOOT_STAGES.flatMap((stage) => viewStage(boot, stage)).sort((a, b) => a.at - b.at);
  const stall = boot.outcome?.kind === 'stalled' ? boot.outcome : currentStall(boot);
  return {
    id: boot.id,
    machine: boot.machine,
    mac: boot.mac,
    openedAt: boot.openedAt,
    ...(boot.closedAt === undefined ? {} : { closedAt: boot.closedAt }),
    ...(boot.outcome ? { outcome: boot.outcome.kind } : {}),
    sentence: place === undefined || boot.outcome ? sentenceOf(boot, now, progress) : inQueue(place),
    stages: stages.map((row, i) => withDuration(row, stages[i + 1]?.at ?? boot.closedAt)),
    tookMs: Math.max(0, (boot.closedAt ?? now) - boot.openedAt),
    ...viewPercent(boot, progress),
    ...(stall ? { stall: viewStall(stall) } : {}),
  };
}

function viewPercent({ stage, outcome }: Boot, progress: Progress | undefined): { readonly percent?: number } {
  if (outcome || stage !== 'kernel' || !progress || progress.sizeBytes <= 0) return {};
  return { percent: wholePercent(progress) };
}

function viewStall({ stage, since, cause, nextStep }: StallView): StallView {
  return { stage, since, cause, nextStep };
}

function viewStage({ reached, stalls, way }: Boot, stage: BootStage): StageView[] {
  const at = reached[stage];
  const stood = stalls?.find((stall) => stall.stage === stage && stall.endedAt !== undefined);
  const answer = stage === 'seen' && way ? { answer: describeWay(way) } : {};
  const row = { stage, sentence: DOING[stage], ...answer, ...(stood ? { stoodStill: stood.cause } : {}) };
  return at === undefined ? [] : [{ ...row, at }];
}

function withDuration(row: StageView, until: number | undefined): StageView {
  return until === undefined ? row : { ...row, tookMs: Math.max(0, until - row.at) };
}

function sentenceOf(boot: Boot, now: number, progress: Progress | undefined): string {
  if (boot.outcome) return describeEnd(boot);
  const doing = boot.stage === 'kernel' && progress ? percentOf(progress) : DOING[boot.stage];
  const stall = currentStall(boot);
  if (stall) return `stalled: ${doing}; ${stall.cause}. ${stall.nextStep}`;
  const quietMs = now - lastReached(boot);
  return quietMs > QUIET_MS ? `${doing}; nothing more for ${formatDuration(quietMs)}. ${NEXT_STEP[boot.stage]}` : doing;
}

/** Who waits for its turn is well, however long its stage lasts. */
function inQueue(place: number): string {
  return `waits for its turn: place ${place} in the queue`;
}

function percentOf(progress: Progress): string {
  return progress.sizeBytes > 0 ? `${progress.file} ${wholePercent(progress)} %` : progress.file;
}

function wholePercent({ bytesSent, sizeBytes }: Progress): number {
  return Math.min(100, Math.floor((bytesSent / sizeBytes) * 100));
}

import { formatDuration } from '../../../kernel/duration.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Boot, BootId } from '../../../model/boot.ts';
import type { BootWay } from '../../../model/boot-way.ts';
import { isBound } from '../../../model/lease.ts';
import type { Machine } from '../../../model/machine.ts';
import { advance, currentStall } from './advance.ts';
import type { BootInput } from './boot-machine.ts';
import type { Context } from './context.ts';
import { judgeDisk } from './track-order.ts';
import { judgeWay, otherWay } from './track-way.ts';
import { DOING, describe, describeEnd } from './words.ts';

export type Opening = {
  readonly machine: Machine;
  readonly mac: MacAddress;
  readonly client?: string | undefined;
  readonly at: number;
  readonly filled: Pick<Boot, 'slot' | 'binding'>;
  readonly way?: BootWay | undefined;
};

/** Ends the boot before, if it is open, and opens the next one of a machine, at the time when it was first heard. */
export function openBoot(context: Context, { machine, mac, client, at, filled, way }: Opening): Boot {
  const { draft, memory, revision } = context;
  const former = draft.latestBoot(machine.id);
  if (former) endBoot(context, former, at);
  if (former?.mac === mac && former.client === client && client !== undefined) judgeDisk(context, machine, former, at);
  const seenAt = Math.max(memory.sightingOf(mac, at)?.firstAt ?? at, former?.closedAt ?? 0);
  const openedAt = Math.min(seenAt, at);
  const boot: Boot = {
    id: `b${draft.count('boots')}` as BootId,
    machine: machine.id,
    mac,
    ...(client === undefined ? {} : { client }),
    ...filled,
    ...(revision ? { revision: revision.digest } : {}),
    openedAt,
    stage: 'seen',
    reached: { seen: openedAt },
  };
  memory.forget(mac);
  draft.putBoot(boot);
  const sentence = `${describe(machine)} was switched on${otherWay(former, way)}`;
  draft.say({ type: 'boot-opened', at: openedAt, sentence, ...subjectOf(boot) });
  return boot;
}

/** Ends a boot that is open: its machine began anew, or is another one now. What was told of its stall is how it ended. */
export function endBoot(context: Context, boot: Boot, at: number): void {
  if (!boot.outcome) judgeWay(context, boot);
  step(context, boot, currentStall(boot) ? 'gave-up' : 'power-on', at);
}

/**
 * Whether a machine is under way, with its script and its address, over another NIC than `mac`. Such a boot goes on:
 * else whoever came with the UUID while the machine was off could end it and enrol in its place.
 */
export function isBusyElsewhere({ draft }: Context, boot: Boot, mac: MacAddress, at: number): boolean {
  if (boot.outcome || boot.mac === mac || boot.reached.script === undefined) return false;
  return isBound(draft.leaseOfMac(boot.mac), at);
}

/** Writes down into which slot the boot goes, once that is known. */
export function placeBoot({ draft }: Context, boot: Boot, filled: Pick<Boot, 'slot' | 'binding'>): Boot {
  if (boot.outcome || filled.slot === undefined) return boot;
  if (boot.slot === filled.slot && boot.binding === filled.binding) return boot;
  const placed = { ...boot, ...filled };
  draft.putBoot(placed);
  return placed;
}

/** Feeds an input to a boot and tells what came of it. */
export function step(context: Context, boot: Boot, input: BootInput, at: number, because = ''): Boot {
  const { draft } = context;
  const next = advance(boot, input, at, because);
  if (next === boot) return boot;
  draft.putBoot(next);
  if (next.stage !== boot.stage) {
    const after = formatDuration(Math.max(0, at - next.openedAt));
    const sentence = `${nameOf(context, next)}: ${DOING[next.stage]}, ${after} after it was switched on`;
    const data = { stage: next.stage, afterMs: at - next.openedAt };
    draft.say({ type: 'boot-stage', at, sentence, ...subjectOf(next), data });
  }
  if (next.outcome) {
    const sentence = `${nameOf(context, next)}: ${describeEnd(next)}`;
    draft.say({ type: 'boot-closed', at, sentence, ...subjectOf(next), data: { outcome: next.outcome } });
  }
  return next;
}

/** Whom a sentence about a boot names: the slot, which a person can find, or else the machine. */
export function nameOf({ draft }: Context, boot: Boot): string {
  const machine = draft.machines.get(boot.machine);
  return boot.slot ?? (machine ? describe(machine) : boot.machine);
}

/** What an event about a boot is about. */
export function subjectOf(boot: Boot): { machine: Boot['machine']; boot: BootId; slot?: string } {
  return { machine: boot.machine, boot: boot.id, ...(boot.slot ? { slot: boot.slot } : {}) };
}

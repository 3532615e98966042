import type { MacAddress } from '../../../kernel/mac.ts';
import { isIdentifyingMac } from '../../../kernel/mac.ts';
import type { Machine, Merge } from '../../../model/machine.ts';
import { macsOf } from '../../../model/machine.ts';
import type { Context } from './context.ts';
import { mergeRows } from './merge-rows.ts';
import { endBoot } from './track-boot.ts';
import { describe } from './words.ts';

type Heard = { readonly mac: MacAddress; readonly at: number };

/** Makes two machines one: a MAC names one machine. The boot that the other one is in ends. */
export function joinMachines(context: Context, keep: Machine, other: Machine, how: Pick<Merge, 'at' | 'by'>): Machine {
  const { draft } = context;
  const open = draft.latestBoot(other.id);
  if (open) endBoot(context, open, how.at);
  const machine = mergeRows(keep, other, how);
  draft.putMachine({ id: other.id, evidence: [] });
  draft.putMachine(machine);
  return machine;
}

/**
 * The machine that was recognised by its UUID, with the NIC over which it came. If that NIC was a machine of its own
 * until now, it stops being one.
 */
export function takeIn(context: Context, known: Machine, { mac, at }: Heard): Machine {
  if (!isIdentifyingMac(mac) || macsOf(known).includes(mac)) return known;
  const former = context.draft.machineWith('mac', mac);
  return former ? joinMachines(context, known, former, { at, by: 'uuid' }) : known;
}

/** Tells that a machine came over a NIC that is new to it: `before` had it not, `machine` has it. */
export function tellOfNic({ draft }: Context, before: Machine, machine: Machine, { mac, at }: Heard): void {
  if (macsOf(before).includes(mac) || !macsOf(machine).includes(mac)) return;
  const merge = machine.merged?.at(-1);
  const former = merge && merge.by === 'uuid' && macsOf(merge.former).includes(mac) ? merge.former.id : undefined;
  const sentence = `${describe(machine)} was recognised by its UUID over another NIC, ${mac}; if it is another machine: slipway split ${machine.id} ${mac}`;
  const data = { mac, ...(former ? { from: former } : {}) };
  draft.say({ type: 'machine-merged', at, sentence, machine: machine.id, data });
}

import type { MacAddress } from '../../../kernel/mac.ts';
import type { Evidence, Machine } from '../../../model/machine.ts';
import type { Context } from './context.ts';
import { step } from './track-boot.ts';
import { describe } from './words.ts';

type Heard = { readonly mac: MacAddress; readonly at: number };

/**
 * Tells that a machine was recognised by its UUID over a NIC that is new to it: `machine` has the MAC, `before` had it
 * not. If that NIC was a machine of its own until now, it stops being one: a MAC names one machine.
 */
export function mergeNic(context: Context, before: Machine, machine: Machine, told: Heard): void {
  const { draft } = context;
  const { mac, at } = told;
  if (hasNic(before, mac) || !hasNic(machine, mac)) return;
  const former = draft.machineWith('mac', mac);
  if (former) {
    const open = draft.latestBoot(former.id);
    if (open) step(context, open, 'power-on', at);
    draft.putMachine({ ...former, evidence: former.evidence.filter((row) => !isNic(row, mac)) });
  }
  const sentence = `${describe(machine)} was recognised by its UUID over another NIC, ${mac}`;
  const data = { mac, ...(former ? { from: former.id } : {}) };
  draft.say({ type: 'machine-merged', at, sentence, machine: machine.id, data });
}

function hasNic(machine: Machine, mac: MacAddress): boolean {
  return machine.evidence.some((row) => isNic(row, mac));
}

function isNic({ kind, value }: Evidence, mac: MacAddress): boolean {
  return kind === 'mac' && value === mac;
}

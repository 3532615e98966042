import type { Binding, Boot } from '../../../model/boot.ts';
import type { SlotAnswer } from '../../../model/identity.ts';
import { findMachine, findSlot, machineOfUuid } from '../../../model/identity.ts';
import type { Claim, EvidenceSource, Machine, MachineId } from '../../../model/machine.ts';
import { ARMED, DOUBT, holdMark } from '../../../model/order.ts';
import type { Slot } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';
import type { Context } from './context.ts';
import type { Statement } from './evidence.ts';
import { addEvidence, statementsOf } from './evidence.ts';
import { takeIn, tellOfNic } from './merge-nic.ts';
import { giveOrder, voidOrders } from './track-order.ts';
import { describe } from './words.ts';

type Taken = Extract<SlotAnswer, { kind: 'taken' }>;

/** What a signal says of its machine, and who said it. */
export type Told = {
  readonly claim: Claim;
  readonly more?: readonly Statement[];
  readonly source: EvidenceSource;
  readonly at: number;
};

/**
 * Who takes an address and gives it back under ever new MACs makes a row each time: here that ends until the retention,
 * which keeps fewer, has forgotten some. Those that a slot waits for still come in.
 */
const MAX_MACHINES = 12_000;

/**
 * The machine that a claim speaks of, with what was said now; a new row if nobody knew it. undefined: the claim has
 * neither a MAC nor a UUID that tells one machine from another, or there are too many machines and it fits no slot.
 */
export function knowMachine(context: Context, told: Told): Machine | undefined {
  const { draft } = context;
  const heard = { mac: told.claim.mac, at: told.at };
  const found = findMachine(told.claim, draft, told.at);
  const known = found && takeIn(context, found, heard);
  const statements = [...statementsOf(ownClaim(told.claim, known, draft)), ...(told.more ?? [])];
  if (!known && !statements.some(({ kind }) => kind === 'mac' || kind === 'uuid')) return undefined;
  if (!known && isFull(context) && !isExpected(context, told)) return undefined;
  const before = known ?? { id: `m${draft.count('machines')}` as MachineId, evidence: [] };
  const machine = addEvidence(before, statements, told.source, told.at);
  if (found) tellOfNic(context, found, machine, heard);
  if (machine !== known) draft.putMachine(machine);
  if (!known) {
    const sentence = `${describe(machine)} was seen for the first time`;
    draft.say({ type: 'machine-seen', at: told.at, sentence, machine: machine.id, data: { mac: told.claim.mac } });
  }
  return machine;
}

/** The UUID of another machine is not evidence of this one: written down, it would find both. */
function ownClaim(claim: Claim, machine: Machine | undefined, state: SiteState): Claim {
  const owner = machineOfUuid(claim, state);
  if (!owner || owner.id === machine?.id) return claim;
  const { uuid: _, ...own } = claim;
  return own;
}

function isFull({ draft }: Context): boolean {
  return draft.machines.size >= MAX_MACHINES;
}

function isExpected({ draft, revision }: Context, { claim, at }: Told): boolean {
  return revision !== undefined && findSlot(claim, draft, revision, at).kind === 'slot';
}

/** Lets a machine fill the slot that it matches, as the next binding of that slot. Answers the slot that it fills now. */
export function fillSlot(context: Context, machine: Machine, claim: Claim, at: number): Pick<Boot, 'slot' | 'binding'> {
  const { draft, revision } = context;
  if (!revision) return bindingOf(context, machine);
  const answer = findSlot(claim, draft, revision, at);
  if (answer.kind === 'none') return {};
  const slot = answer.slot.name;
  if (answer.kind === 'taken') {
    noteConflict(context, machine, answer, at);
    return {};
  }
  const current = draft.currentBinding(slot);
  if (current?.machine === machine.id) return { slot, binding: current.number };
  const isItsFirst = isNew(machine) && ![...draft.bindings.values()].some((row) => row.machine === machine.id);
  const binding = bindMachine(context, { slot, machine, at });
  if (binding.number === 1 && isItsFirst) orderFirstInstall(context, answer.slot, binding, at);
  return { slot, binding: binding.number };
}

/** What was put together or taken apart may have been in a slot as a part of another machine. */
function isNew({ merged, apart }: Machine): boolean {
  return merged === undefined && apart === undefined;
}

/** Who comes into a slot; `by`: a person who says so, against what the template matches if need be. */
export type Placing = {
  readonly slot: string;
  readonly machine: Machine;
  readonly at: number;
  readonly by?: string;
};

/** Makes the next binding of a slot. What was ordered for the one before is void. A machine fills one slot: another one that it filled is empty then. */
export function bindMachine(context: Context, { slot, machine, at, by }: Placing): Binding {
  const { draft } = context;
  const before = draft.newestBinding(slot);
  voidOrders(context, slot, at, 'another machine fills the slot now');
  const binding: Binding = {
    slot,
    number: (before?.number ?? 0) + 1,
    machine: machine.id,
    since: at,
    health: 'waiting',
    ...(by === undefined ? {} : { placedBy: by }),
  };
  leaveSlot(context, machine.id, slot, at);
  draft.putBinding(binding);
  const replaced = before && before.releasedAt === undefined ? `, in place of ${before.machine}` : '';
  const sentence = `${describe(machine)} fills ${slot}${replaced}${by === undefined ? '' : `, says ${by}`}`;
  draft.say({ type: 'slot-filled', at, sentence, machine: machine.id, slot, data: { binding: binding.number } });
  return binding;
}

/** What it contended for, and where it was, is over. */
function leaveSlot(context: Context, id: MachineId, next: string, at: number): void {
  const { draft } = context;
  const row = draft.machines.get(id);
  if (row?.contends) {
    const { contends: _, ...rest } = row;
    draft.putMachine(rest);
  }
  const left = draft.bindingOfMachine(id);
  if (!left || left.slot === next) return;
  voidOrders(context, left.slot, at, `its machine fills ${next} now`);
  draft.putBinding({ ...left, releasedAt: at });
  const sentence = `${left.slot} is empty: its machine fills ${next} now`;
  draft.say({ type: 'slot-released', at, sentence, machine: id, slot: left.slot });
}

/**
 * Only a slot that nobody ever filled, by a machine that never filled one, in a site that vouches for what it knows: a
 * template that moves machines about must not erase their disks.
 */
function orderFirstInstall(context: Context, slot: Slot, binding: Binding, at: number): void {
  const { marks } = context.draft;
  const { profile } = slot;
  if (profile.kind !== 'install' || !profile.install || !marks.has(ARMED)) return;
  if (marks.has(DOUBT) || marks.has(holdMark(slot.name))) return;
  const by = { kind: 'revision', name: context.revision?.template ?? 'of the site' } as const;
  giveOrder(context, { slot, plan: profile.install, binding, by, at, wipe: false });
}

function bindingOf({ draft }: Context, machine: Machine): Pick<Boot, 'slot' | 'binding'> {
  const binding = draft.bindingOfMachine(machine.id);
  return binding ? { slot: binding.slot, binding: binding.number } : {};
}

/** It is written down with the machine, so that it is said once: a machine in the wrong place asks for ever. */
function noteConflict({ draft }: Context, machine: Machine, { slot: { name }, by, why }: Taken, at: number): void {
  const { contends } = machine;
  if (contends?.slot === name && contends.by === by.id) return;
  draft.putMachine({ ...machine, contends: { slot: name, by: by.id, why, since: at } });
  const sentence = `${describe(machine)} ${why === 'uuid' ? 'has the UUID of the machine in' : 'matches'} ${name}, which ${describe(by)} fills; slipway node ${name} says what to do`;
  draft.say({ type: 'slot-conflict', at, sentence, machine: machine.id, slot: name, data: { by: by.id, why } });
}

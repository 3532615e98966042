import type { AppError } from '../../../kernel/errors.ts';
import { type MacAddress, parseMac } from '../../../kernel/mac.ts';
import type { Result } from '../../../kernel/result.ts';
import { ok } from '../../../kernel/result.ts';
import type { Command } from '../../../model/commands.ts';
import type { Machine, MachineId, Merge } from '../../../model/machine.ts';
import { macsOf } from '../../../model/machine.ts';
import { fencedMark } from '../../../model/order.ts';
import { answer, notFound, type Outcome, refused, type Said } from './command-answer.ts';
import type { Context } from './context.ts';
import { joinMachines } from './merge-nic.ts';
import { keepApart, type Parts, takeNic, undoMerge } from './merge-rows.ts';
import { hasPart, machinesNamed, wholeOf } from './named-machine.ts';
import { endBoot } from './track-boot.ts';
import { hasNotEnded } from './track-order.ts';
import { describe } from './words.ts';

/** As many rows as the evidence of one machine surely keeps. */
const MAX_MAC_ROWS = 16;

/** Two machines are one: all that is known of `other` goes to `keep`, and with it its place in the wire's traffic. */
export function merge(context: Context, command: Extract<Command, { kind: 'merge' }>, { by, at }: Said): Outcome {
  const { draft } = context;
  const keep = findOne(context, command.keep);
  if (!keep.ok) return keep;
  const other = findOne(context, command.other);
  if (!other.ok) return other;
  const because = whyNotOne(context, keep.value, other.value);
  if (because !== undefined) return refused(because);
  const fence = draft.marks.get(fencedMark(other.value.id));
  const machine = joinMachines(context, keep.value, other.value, { at, by });
  const [kept, gone] = [machine.id, other.value.id];
  const sentence = `${describe(other.value)} (${gone}) and ${describe(keep.value)} (${kept}) are one machine, says ${by}`;
  draft.say({
    type: 'machine-merged',
    at,
    sentence,
    machine: kept,
    data: { from: gone, by, macs: macsOf(other.value) },
  });
  const unfenced = fence && !draft.marks.has(fencedMark(kept)) ? ` As a part of ${kept} it is fenced off no more.` : '';
  const order = orderWarning(context, machine);
  return answer(`${gone} is a part of ${kept} now.${unfenced}${order} slipway split ${kept} ${gone} undoes that.`);
}

/** Whoever was merged by mistake loses its disk otherwise before anybody looks. */
function orderWarning({ draft }: Context, machine: Machine): string {
  const slot = draft.bindingOfMachine(machine.id)?.slot;
  if (slot === undefined || !draft.ordersOf(slot).some(hasNotEnded)) return '';
  return ` An install is ordered for ${slot}: it may begin with the next boot of either; slipway hold ${slot} keeps it back.`;
}

function whyNotOne({ draft }: Context, keep: Machine, other: Machine): string | undefined {
  if (keep.id === other.id) return `both names mean ${keep.id}: there is nothing to merge`;
  const slot = draft.bindingOfMachine(other.id)?.slot;
  const kept = draft.bindingOfMachine(keep.id)?.slot;
  if (slot !== undefined && kept === undefined)
    return `${other.id} fills ${slot}, and ${keep.id} no slot. The other way round it works: slipway merge ${other.id} ${keep.id}`;
  if (slot !== undefined)
    return `${other.id} fills ${slot}, and ${keep.id} fills ${kept}. Empty one of them first: slipway release ${slot}, then try again`;
  const rows = [...keep.evidence, ...other.evidence].filter(({ kind }) => kind === 'mac');
  const count = new Set(rows.map(({ value }) => value)).size;
  return rows.length > MAX_MAC_ROWS ? `together they have ${count} MAC addresses: too many for one machine` : undefined;
}

/**
 * One machine is two: gives back what came by a merge, or takes a NIC away. Of two that are two already it is the word
 * of a person that they stay so.
 */
export function split(context: Context, command: Extract<Command, { kind: 'split' }>, said: Said): Outcome {
  const { draft } = context;
  const found = findOne(context, command.machine);
  if (!found.ok) return found;
  const machine = found.value;
  const [stranger, another] = machinesNamed(draft, command.part);
  if (stranger && !another && stranger.id !== machine.id) return stayTwo(context, machine, stranger, said);
  const cut = partsOf(context, machine, command.part);
  if (!cut.ok) return cut;
  const { parts, undone } = cut.value;
  const { kept, freed } = parts;
  endBootOver(context, machine, macsOf(freed), said.at);
  draft.putMachine(kept);
  draft.putMachine(freed);
  fenceToo(context, parts, undone, said);
  const sentence = `${describe(freed)} (${freed.id}) is not ${describe(kept)} (${kept.id}), says ${said.by}`;
  const data = { from: kept.id, by: said.by, macs: macsOf(freed) };
  draft.say({ type: 'machine-split', at: said.at, sentence, machine: freed.id, data });
  return answer(
    `${freed.id} is a machine of its own now, with ${macsOf(freed).join(', ') || 'no MAC address'}. Its UUID does not bring it back; slipway merge ${kept.id} ${freed.id} does.`,
  );
}

function stayTwo({ draft }: Context, machine: Machine, stranger: Machine, { by, at }: Said): Outcome {
  const { kept, freed } = keepApart({ kept: machine, freed: stranger });
  const done = `${freed.id} and ${kept.id} are two machines, whatever UUID they say.`;
  if (macsOf(freed).every((mac) => machine.apart?.includes(mac))) return answer(done);
  draft.putMachine(kept);
  draft.putMachine(freed);
  const sentence = `${describe(freed)} (${freed.id}) is not ${describe(kept)} (${kept.id}), says ${by}`;
  draft.say({ type: 'machine-split', at, sentence, machine: freed.id, data: { from: kept.id, by, macs: [] } });
  return answer(done);
}

type Cut = { readonly parts: Parts; readonly undone?: Merge };

function partsOf({ draft }: Context, machine: Machine, part: string): Result<Cut, AppError> {
  const mac = parseMac(part);
  const id = part.toLowerCase();
  const undone = machine.merged?.findLast(({ former }) => hasPart(former, id) || (mac && macsOf(former).includes(mac)));
  const macs = macsOf(machine);
  if (undone) {
    const parts = withoutOthers(draft, undoMerge(machine, undone));
    return macsOf(parts.kept).length > 0 ? ok({ parts, undone }) : refused(nothingLeft(machine, parts.freed));
  }
  if (!mac || !macs.includes(mac)) {
    const parts = [...(machine.merged ?? []).map(({ former }) => former.id), ...macs].join(', ');
    return refused(`${part} is no part of ${machine.id}. Its parts are: ${parts}`);
  }
  if (macs.length === 1) return refused(nothingLeft(machine, machine));
  return ok({ parts: takeNic(machine, mac, `m${draft.count('machines')}` as MachineId) });
}

/** A NIC that the evidence had no room for may have become a machine of its own since: a MAC names one machine. */
function withoutOthers(draft: Context['draft'], { kept, freed }: Parts): Parts {
  const evidence = freed.evidence.filter(({ kind, value }) => {
    const owner = kind === 'mac' || kind === 'uuid' ? draft.machineWith(kind, value) : undefined;
    return owner === undefined || owner.id === kept.id;
  });
  return { kept, freed: { ...freed, evidence } };
}

function nothingLeft({ id }: Machine, freed: Machine): string {
  return `${macsOf(freed).join(' ')} is all that ${id} has: without it, it would be no machine`;
}

/** A boot over a NIC that is another machine's now is nobody's. */
function endBootOver(context: Context, machine: Machine, macs: readonly MacAddress[], at: number): void {
  const boot = context.draft.latestBoot(machine.id);
  if (boot && macs.includes(boot.mac)) endBoot(context, boot, at);
}

/** What was fenced off as a whole is fenced off in each part; not what was no part of it then. */
function fenceToo({ draft }: Context, { kept, freed }: Parts, undone: Merge | undefined, { at, by }: Said): void {
  const fence = draft.marks.get(fencedMark(kept.id));
  if (!fence || (undone && undone.at >= fence.at)) return;
  const because = `it was a part of ${kept.id}, which was ${fence.because ?? 'fenced off'}`;
  draft.putMark(fencedMark(freed.id), { at, by, because });
}

function findOne({ draft, revision }: Context, name: string): Result<Machine, AppError> {
  const found = machinesNamed(draft, name);
  const [machine, another] = found;
  if (another) return refused(`${name} may be ${found.map(({ id }) => id).join(' or ')}: name it by its id`);
  if (machine) return ok(machine);
  if (revision && Object.hasOwn(revision.slots, name)) return refused(`${name} is empty: no machine is meant by it`);
  const whole = wholeOf(draft, name);
  return whole
    ? refused(`${name} is a part of ${whole.id}: name that, or undo it with slipway split ${whole.id} ${name}`)
    : notFound(`this site knows no machine ${JSON.stringify(name)}; slipway nodes lists them`);
}

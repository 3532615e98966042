import type { AppError } from '../../../kernel/errors.ts';
import type { Result } from '../../../kernel/result.ts';
import { ok } from '../../../kernel/result.ts';
import type { Binding } from '../../../model/boot.ts';
import type { Command } from '../../../model/commands.ts';
import type { Machine } from '../../../model/machine.ts';
import { ARMED, DOUBT, fencedMark, holdMark } from '../../../model/order.ts';
import type { InstallPlan, Slot } from '../../../model/revision.ts';
import { answer, notFound, type Outcome, refused, type Said, wrongCode } from './command-answer.ts';
import type { Context } from './context.ts';
import { completeOrder } from './hear-install.ts';
import { findByCode } from './held-machines.ts';
import { bindMachine } from './know-machine.ts';
import { merge, split } from './merge-command.ts';
import { whyNotSilent } from './silent.ts';
import { giveOrder, hasNotEnded, orderOfMachine, voidOrders } from './track-order.ts';
import { describe } from './words.ts';

/** Carries a command out over the draft; a refused one leaves the draft as it was. */
export function obey(context: Context, command: Command, said: Said): Outcome {
  switch (command.kind) {
    case 'arm':
      return arm(context, said);
    case 'claim':
      return claim(context, command, said);
    case 'replace':
      return replace(context, command, said);
    case 'release':
      return release(context, command.slot, said);
    case 'reinstall':
      return reinstall(context, command, said);
    case 'hold':
      return hold(context, command, said);
    case 'confirm':
      return confirm(context, command.slot, said);
    case 'merge':
      return merge(context, command, said);
    case 'split':
      return split(context, command, said);
  }
}

function arm(context: Context, { by, at }: Said): Outcome {
  const { draft, revision } = context;
  if (draft.marks.has(ARMED)) return answer('This site is armed already; nothing was ordered.');
  draft.putMark(ARMED, { at, by });
  draft.say({ type: 'site-armed', at, sentence: `The site is armed by ${by}: installs may be ordered`, data: { by } });
  if (draft.marks.has(DOUBT))
    return answer(
      'The site is armed. What is installed here is not known for certain, so nothing was ordered: order slot by slot.',
    );
  const ordered = Object.values(revision?.slots ?? {}).filter((slot) => {
    const binding = draft.currentBinding(slot.name);
    const plan = planIn(slot);
    if (!binding || !plan || binding.installed || draft.marks.has(holdMark(slot.name))) return false;
    if (draft.ordersOf(slot.name).some(hasNotEnded)) return false;
    giveOrder(context, { slot, plan, binding, by: { kind: 'person', name: by }, at, wipe: false });
    return true;
  });
  const names = ordered.map(({ name }) => name).join(', ');
  return answer(`The site is armed. ${names ? `Install ordered for ${names}.` : 'No slot waits for an install.'}`);
}

function claim(context: Context, { code, slot: name }: Extract<Command, { kind: 'claim' }>, said: Said): Outcome {
  const found = target(context, name, code, said.at);
  if (!found.ok) return found;
  const { slot, machine } = found.value;
  const current = context.draft.currentBinding(name);
  if (current)
    return refused(
      `${name} is not empty: ${nameOf(context, current)} fills it. If that is silent, slipway replace ${name} CODE`,
    );
  return answer(place(context, slot, machine, said));
}

function replace(context: Context, { code, slot: name }: Extract<Command, { kind: 'replace' }>, said: Said): Outcome {
  const { draft } = context;
  const { at, by } = said;
  const current = draft.currentBinding(name);
  if (current) {
    const because = whyNotSilent(draft, current.machine, at);
    if (because)
      return refused(
        `${name} cannot be replaced: its machine ${because}. Switch it off, and try again when that is over`,
      );
  }
  const found = target(context, name, code, at);
  if (!found.ok) return found;
  if (!current) return refused(`${name} is empty: slipway claim CODE ${name} fills it`);
  const { slot, machine } = found.value;
  const because = `replaced by ${describe(machine)} in ${name}`;
  fence(context, current, said, because);
  return answer(`${place(context, slot, machine, { at, by })} The machine before it is fenced off.`);
}

/** The slot and the machine that a code names. */
function target(
  { draft, revision }: Context,
  name: string,
  code: string,
  at: number,
): Result<{ readonly slot: Slot; readonly machine: Machine }, AppError> {
  const slot = slotOf(revision, name);
  if (!slot) return unknownSlot(name);
  const machines = findByCode(draft, code, at);
  const [machine] = machines;
  if (machines.length > 1) return refused('two machines show this code: switch one of them off for ten minutes');
  if (machine) return ok({ slot, machine });
  return wrongCode();
}

function place(context: Context, slot: Slot, machine: Machine, { at, by }: Said): string {
  const { draft } = context;
  draft.dropMark(fencedMark(machine.id));
  const binding = bindMachine(context, { slot: slot.name, machine, at, by });
  const boot = draft.latestBoot(machine.id);
  if (boot) {
    // A code is for one use.
    const { code: _, ...used } = boot;
    draft.putBoot(boot.outcome ? used : { ...used, slot: slot.name, binding: binding.number });
  }
  const plan = planIn(slot);
  const does = `${describe(machine)} fills ${slot.name} now.`;
  if (!plan) return does;
  if (!draft.marks.has(ARMED)) return `${does} It is not installed: the site is not armed (slipway arm).`;
  giveOrder(context, { slot, plan, binding, by: { kind: 'person', name: by }, at, wipe: false });
  return `${does} Its install is ordered.`;
}

function release(context: Context, name: string, said: Said): Outcome {
  const binding = context.draft.currentBinding(name);
  if (!binding) return slotOf(context.revision, name) ? refused(`${name} is empty already`) : unknownSlot(name);
  voidOrders(context, name, said.at, 'the slot was released');
  fence(context, binding, said, `released from ${name}`);
  context.draft.putBinding({ ...binding, releasedAt: said.at });
  const sentence = `${nameOf(context, binding)} was taken out of ${name} by ${said.by}`;
  context.draft.say({ type: 'slot-released', at: said.at, sentence, machine: binding.machine, slot: name });
  return answer(`${name} is empty. Its machine comes back only with slipway claim.`);
}

function reinstall(
  context: Context,
  { slot: name, wipe }: Extract<Command, { kind: 'reinstall' }>,
  { by, at }: Said,
): Outcome {
  const { draft, revision } = context;
  const slot = slotOf(revision, name);
  if (!slot) return unknownSlot(name);
  const plan = planIn(slot);
  if (!plan) return refused(`${name} runs ${slot.profile.name} from memory: there is nothing to install`);
  if (wipe && !plan.wipe) return refused(cannotWipe(slot));
  const binding = draft.currentBinding(name);
  if (!binding) return refused(`${name} is empty: no machine to install`);
  if (!draft.marks.has(ARMED)) return refused('this site is not armed: slipway arm says that it may install');
  if (draft.marks.has(holdMark(name))) return refused(`${name} is held: slipway hold ${name} --off ends that`);
  if (draft.ordersOf(name).some(({ state }) => state.kind === 'waiting'))
    return refused(`${name} has two orders already; the second waits for the first`);
  const { state } = giveOrder(context, { slot, plan, binding, by: { kind: 'person', name: by }, at, wipe });
  return answer(
    state.kind === 'waiting'
      ? `${name} has an order already; this one waits for it.`
      : `${name} is installed when its machine boots from the network next: switch it off and on.`,
  );
}

/** Nothing erases every disk by itself: each installer is told in its own way. */
function cannotWipe({ name, profile }: Slot): string {
  const what = 'install: { wipe: { cmdline: { … } } } with the words that make its installer erase the disk';
  return `nothing would erase the disk of ${name}: profile ${profile.name} needs ${what}, such as talos.experimental.wipe: system`;
}

function hold(context: Context, { slot: name, on }: Extract<Command, { kind: 'hold' }>, { by, at }: Said): Outcome {
  const { draft } = context;
  if (!slotOf(context.revision, name) && !draft.marks.has(holdMark(name))) return unknownSlot(name);
  if (draft.marks.has(holdMark(name)) === on) return answer(`${name} is ${on ? 'held already' : 'not held'}.`);
  if (on) draft.putMark(holdMark(name), { at, by });
  else draft.dropMark(holdMark(name));
  const does = on ? 'held: nothing is installed there' : 'no longer held';
  draft.say({ type: 'slot-held', at, sentence: `${name} is ${does}, says ${by}`, slot: name, data: { on } });
  return answer(`${name} is ${does}.`);
}

function confirm(context: Context, name: string, { at }: Said): Outcome {
  const { draft } = context;
  const binding = draft.currentBinding(name);
  if (!binding) return slotOf(context.revision, name) ? refused(`${name} is empty`) : unknownSlot(name);
  const machine = draft.machines.get(binding.machine);
  const order = machine && orderOfMachine(context, machine);
  if (!machine || !order) return refused(`${name} has no order that could be complete`);
  completeOrder(context, order, 'api', at, draft.latestBoot(machine.id));
  return answer(`${name} is installed; from now on it boots its own disk.`);
}

/** A machine that lost its slot: it matches none any more, and its screen says why. */
function fence(context: Context, { machine, slot }: Binding, { at, by }: Said, because: string): void {
  context.draft.putMark(fencedMark(machine), { at, by, because });
  const who = context.draft.machines.get(machine);
  const sentence = `${who ? describe(who) : machine} is fenced off: ${because}`;
  context.draft.say({ type: 'machine-fenced', at, sentence, machine, slot, data: { because } });
}

function slotOf(revision: Context['revision'], name: string): Slot | undefined {
  return revision && Object.hasOwn(revision.slots, name) ? revision.slots[name] : undefined;
}

function planIn({ profile }: Slot): InstallPlan | undefined {
  return profile.kind === 'install' ? profile.install : undefined;
}

function nameOf({ draft }: Context, { machine }: Binding): string {
  const row = draft.machines.get(machine);
  return row ? describe(row) : machine;
}

function unknownSlot(name: string): Result<never, AppError> {
  return notFound(`this site has no slot named ${JSON.stringify(name)}`);
}

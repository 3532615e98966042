import type { Boot } from '../../../model/boot.ts';
import { type BootWay, describeWay, isSameWay } from '../../../model/boot-way.ts';
import { findMachine, findSlot } from '../../../model/identity.ts';
import type { Signal } from '../../../model/signal.ts';
import type { Context } from './context.ts';

type Dhcp = Extract<Signal, { kind: 'dhcp' }>;

/** Writes down how the firmware of a boot was answered, and whether it takes no answer at all. */
export function noteWay({ draft }: Context, boot: Boot, { client, way, spare, deafTo }: Dhcp): Boot {
  if (client !== 'firmware' || boot.outcome) return boot;
  const { way: formerWay, spare: formerSpare, deafTo: formerDeaf, ...rest } = boot;
  const next: Boot = { ...rest, ...(way ? { way } : {}), ...(spare ? { spare } : {}), ...(deafTo ? { deafTo } : {}) };
  const isSame =
    isEqual(way, formerWay) && spare === formerSpare && (deafTo === undefined) === (formerDeaf === undefined);
  if (isSame) return boot;
  draft.putBoot(next);
  return next;
}

/** The loader of a boot was heard: the way by which it came works in this machine. */
export function noteRan(context: Context, boot: Boot, at: number): Boot {
  if (boot.ran || boot.outcome) return boot;
  const { draft } = context;
  const ran: Boot = { ...boot, ran: true };
  draft.putBoot(ran);
  const machine = draft.machines.get(boot.machine);
  const { way, client } = boot;
  if (!machine || !way?.loader || client === undefined) return ran;
  const { way: known, ...rest } = machine;
  if (known && known.client === client && isSameWay(known.way, way) && !known.doubt) return ran;
  draft.putMachine({ ...rest, way: { client, way, at } });
  return ran;
}

/** A boot is over. Its loader came whole and never ran: once, that is doubt about what worked before; twice, it does not work any more. */
export function judgeWay({ draft }: Context, { machine: id, way, client, stage, ran }: Boot): void {
  const machine = draft.machines.get(id);
  const known = machine?.way;
  if (stage !== 'loader' || ran || !machine || !known || !way) return;
  if (known.client !== client || !isSameWay(known.way, way)) return;
  const { way: _, ...rest } = machine;
  draft.putMachine(known.doubt ? rest : { ...rest, way: { ...known, doubt: true } });
}

/** What a machine that was switched on again is answered by now, if that is something else than before; else nothing. */
export function otherWay(former: Boot | undefined, way: BootWay | undefined): string {
  if (!former?.way || !way || isSameWay(former.way, way) || former.ran) return '';
  return `; the last time ${describeWay(former.way)} led to nothing, so now it gets ${describeWay(way)}`;
}

/** So many machines that nobody expects may be told of in an hour: a DISCOVER is cheap to make up. */
const MOST_STRANGERS = 8;

/** Whether a machine that takes no answer is worth a row: one that is known, or that a slot waits for, always is. */
export function isWorthTelling({ draft, memory, revision }: Context, { mac, uuid, at }: Dhcp): boolean {
  const claim = { mac, ...(uuid ? { uuid } : {}) };
  if (findMachine(claim, draft, at)) return true;
  if (revision && findSlot(claim, draft, revision, at).kind === 'slot') return true;
  return memory.mayMeet(mac, at, MOST_STRANGERS);
}

function isEqual(a: BootWay | undefined, b: BootWay | undefined): boolean {
  return a && b ? isSameWay(a, b) : a === b;
}

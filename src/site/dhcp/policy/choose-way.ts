import { type BootRole, type BootWay, isSameWay } from '../../../model/boot-way.ts';
import type { DhcpRole } from '../../../model/dhcp-role.ts';
import { findMachine } from '../../../model/identity.ts';
import type { Claim, Machine, WorkingWay } from '../../../model/machine.ts';
import { evidenceOf } from '../../../model/machine.ts';
import type { LoaderTable } from '../../../model/site-ports.ts';
import type { SiteState } from '../../../model/store.ts';
import type { Inquiry, SpellEffect } from './decision.ts';
import { isPossible } from './way-machine.ts';
import { waysFor } from './ways.ts';

/** Loaders that fetch another one by themselves, from where they came from. */
export const SECOND_STAGE: Readonly<Record<string, string>> = {
  'shimx64.efi': 'grubx64.efi',
  'shimaa64.efi': 'grubaa64.efi',
};

/** Whether all that a way leads to is here. */
export function isServed({ loader }: BootWay, loaders: LoaderTable): boolean {
  if (loader === undefined) return true;
  const second = SECOND_STAGE[loader];
  return loaders.find(loader) !== undefined && (second === undefined || loaders.find(second) !== undefined);
}

/** The role as ways have it: a site that does not know yet what it is speaks as beside another server, if at all. */
export function bootRoleOf(role: DhcpRole): BootRole {
  return role === 'authoritative' ? 'authoritative' : 'proxy';
}

/** The way in which a client that has its offer already is answered; undefined if there is none for its kind. */
export function chooseWay(inquiry: Inquiry): BootWay | undefined {
  const { claim, kind } = inquiry.client;
  const { ways } = choiceFor(inquiry);
  const spell = claim && kind && inquiry.context.ways?.spellOf(claim.mac, kind.name);
  return spell && isPossible(spell.way, ways) ? spell.way : ways[0];
}

/**
 * The spell in which a DISCOVER is answered: in the next way if it shows that the one before was of no use. undefined:
 * nothing is remembered of its sender, for it cannot be told from others, or is an installed system.
 */
export function askWay(inquiry: Inquiry): SpellEffect | undefined {
  const { client, context, message } = inquiry;
  const { claim, kind } = client;
  if (!claim || !kind || kind.client === 'os' || !context.ways) return undefined;
  const role = bootRoleOf(context.plan.role);
  const { ways, hints } = choiceFor(inquiry);
  const [first, ...rest] = ways;
  if (!first) return undefined;
  const isProved = (way: BootWay): boolean => hints.proved.some((one) => isSameWay(one, way));
  const asked = { xid: message.xid, role, ways: [first, ...rest], isProved } as const;
  return { mac: claim.mac, kind: kind.name, spell: context.ways.ask(claim.mac, kind.name, asked) };
}

type Choice = { readonly ways: readonly BootWay[]; readonly hints: WayHints };

/** Those whose loader is here, or all of them if none is: then the answer says which is missing. */
function choiceFor(inquiry: Inquiry): Choice {
  const { client, context } = inquiry;
  const { claim, kind } = client;
  const listed = waysFor(inquiry, bootRoleOf(context.plan.role));
  if (!kind || listed.length < 2) return { ways: listed, hints: NO_HINTS };
  const hints = hintsOf(claim, kind.name, context.state, context.now);
  const ways = orderWays(listed, hints);
  const here = ways.filter((way) => isServed(way, context.loaders));
  return { ways: here.length > 0 ? here : ways, hints };
}

/** What is remembered of a machine when its firmware is answered. */
export type WayHints = {
  /** What it booted by, or another machine of its model did. */
  readonly proved: readonly BootWay[];
  /** By this way its last boot fetched a loader that never ran. */
  readonly stuck?: BootWay;
};

const NO_HINTS: WayHints = { proved: [] };

/** What the state says of a machine that speaks as client kind `kind`. */
export function hintsOf(claim: Claim | undefined, kind: string, state: SiteState, now: number): WayHints {
  const machine = claim && findMachine(claim, state, now);
  if (!machine) return NO_HINTS;
  const own = wayAs(kind, machine);
  const proved = own ?? wayOfModel(machine, kind, state);
  const boot = state.latestBoot(machine.id);
  const isStuck = boot?.way?.loader !== undefined && boot.client === kind && boot.stage === 'loader' && !boot.ran;
  return {
    proved: proved ? [proved] : [],
    // A power cut comes while a loader is fetched, too: what worked here before is not given up for one such boot.
    ...(isStuck && boot.way && !(own && isSameWay(own, boot.way)) ? { stuck: boot.way } : {}),
  };
}

function wayAs(kind: string, { way }: Machine): BootWay | undefined {
  return way?.client === kind ? way.way : undefined;
}

/** By which another machine of the same maker and product booted last. Asked with each packet: it makes no lists. */
function wayOfModel(machine: Machine, kind: string, { machines }: SiteState): BootWay | undefined {
  const [maker, product] = [evidenceOf(machine, 'manufacturer'), evidenceOf(machine, 'product')];
  if (maker === undefined || product === undefined) return undefined;
  let last: WorkingWay | undefined;
  for (const one of machines.values()) {
    const { way } = one;
    if (way?.client !== kind || (last && way.at <= last.at)) continue;
    if (evidenceOf(one, 'product') === product && evidenceOf(one, 'manufacturer') === maker) last = way;
  }
  return last?.way;
}

/**
 * The ways of a kind in the order in which they are tried for one machine: what worked comes first, and what was of no
 * use last time comes last. What worked counts only as long as its shape and its loader are still among the ways.
 */
export function orderWays(ways: readonly BootWay[], { proved, stuck }: WayHints): readonly BootWay[] {
  const first = proved.filter((way) => isPossible(way, ways));
  const order = [...first, ...ways.filter((way) => !first.some((one) => isSameWay(one, way)))];
  const at = stuck ? order.findIndex(({ loader }) => loader === stuck.loader) : -1;
  if (!stuck || at < 0) return order;
  const isOther = ({ loader }: BootWay): boolean => loader !== undefined && loader !== stuck.loader;
  const others = [...order.slice(at), ...order.slice(0, at)].filter(isOther);
  // Its firmware took the form of the answer: only the loader is another one.
  const again = others.map((way): BootWay => ({ ...way, shape: stuck.shape }));
  return unique([...again, ...order]);
}

function unique(ways: readonly BootWay[]): readonly BootWay[] {
  return ways.filter((way, index) => ways.findIndex((one) => isSameWay(one, way)) === index);
}

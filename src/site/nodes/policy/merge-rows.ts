import type { MacAddress } from '../../../kernel/mac.ts';
import type { Evidence, Machine, MachineId, Merge } from '../../../model/machine.ts';
import { macsOf } from '../../../model/machine.ts';

/** So many merges can be undone; who makes up NICs in a machine's name must not fill the memory of the site. */
const MAX_MERGES = 16;

/** `keep` with all that is known of `former`, and what is needed to give it back. */
export function mergeRows(keep: Machine, former: Machine, how: Pick<Merge, 'at' | 'by'>): Machine {
  const { apart: _, ...rest } = keep;
  const merged = [...(keep.merged ?? []), { former, ...how }].slice(-MAX_MERGES);
  const machine = { ...rest, evidence: addMissing(keep.evidence, former), merged };
  return setApart(machine, [...(keep.apart ?? []), ...(former.apart ?? [])]);
}

/** What a split comes to: the machine that stays, and the one that leaves it. */
export type Parts = { readonly kept: Machine; readonly freed: Machine };

/** Takes one merge back. What is new since then was most probably said by what came with it, and leaves too. */
export function undoMerge(machine: Machine, merge: Merge): Parts {
  const { merged = [], ...rest } = machine;
  const others = merged.filter((row) => row !== merge);
  const own = machine.evidence.filter((row) => !cameWith(row, merge));
  const evidence = others.reduce<readonly Evidence[]>((rows, { former }) => addMissing(rows, former), own);
  const fresh = machine.evidence.filter((row) => row.from === undefined && cameWith(row, merge));
  const former = merge.former.evidence.map((row) => ({ ...row, lastSeen: lastSeenOf(row, machine) }));
  const kept = { ...rest, evidence, ...(others.length > 0 ? { merged: others } : {}) };
  const known = new Set(former.map(keyOf));
  const freed = { ...merge.former, evidence: [...former, ...fresh.filter((row) => !known.has(keyOf(row)))] };
  return keepApart({ kept, freed });
}

/** Takes one NIC away, to a machine of its own with this id. */
export function takeNic(machine: Machine, mac: MacAddress, id: MachineId): Parts {
  const isNic = ({ kind, value }: Evidence): boolean => kind === 'mac' && value === mac;
  const kept = { ...machine, evidence: machine.evidence.filter((row) => !isNic(row)) };
  return keepApart({ kept, freed: { id, evidence: machine.evidence.filter(isNic).map(untag) } });
}

/** Neither may come to the other by a UUID again: a person knows better. */
export function keepApart({ kept, freed }: Parts): Parts {
  return {
    kept: setApart(kept, [...(kept.apart ?? []), ...macsOf(freed)]),
    freed: setApart(freed, [...(freed.apart ?? []), ...macsOf(kept)]),
  };
}

function setApart(machine: Machine, macs: readonly MacAddress[]): Machine {
  const { apart: _, ...rest } = machine;
  const own = new Set(macsOf(machine));
  const apart = [...new Set(macs)].filter((mac) => !own.has(mac));
  return apart.length > 0 ? { ...rest, apart } : rest;
}

/** Rows that both had stay as they are; the others say where they are from. */
function addMissing(evidence: readonly Evidence[], former: Machine): readonly Evidence[] {
  const known = new Set(evidence.map(keyOf));
  const missing = former.evidence.filter((row) => !known.has(keyOf(row)));
  return [...evidence, ...missing.map((row) => ({ ...row, from: former.id }))];
}

/** A MAC or a UUID may have been said by another source since; one that is all new is this machine's. */
function cameWith({ from, kind, value, firstSeen }: Evidence, { former, at }: Merge): boolean {
  if (from !== undefined) return from === former.id;
  if (kind !== 'mac' && kind !== 'uuid') return firstSeen > at;
  return former.evidence.some((row) => row.kind === kind && row.value === value);
}

function lastSeenOf(row: Evidence, machine: Machine): number {
  const now = machine.evidence.find((one) => keyOf(one) === keyOf(row));
  return Math.max(row.lastSeen, now?.lastSeen ?? 0);
}

function keyOf({ kind, value, source }: Evidence): string {
  return `${kind}/${source}/${value}`;
}

function untag({ from: _, ...row }: Evidence): Evidence {
  return row;
}

import type { MacAddress } from '../kernel/mac.ts';
import type { Claim, EvidenceKind, Machine } from './machine.ts';
import { evidenceOf } from './machine.ts';
import type { Revision, Slot, SlotMatch } from './revision.ts';
import type { SiteState } from './store.ts';

/** Which slot a machine fills, or why none. `taken`: another machine that still matches was there first. */
export type SlotAnswer =
  | { readonly kind: 'slot'; readonly slot: Slot }
  | { readonly kind: 'taken'; readonly slot: Slot; readonly by: Machine }
  | { readonly kind: 'none' };

/** Firmware of the cheap kind carries one of these in every box; they name nobody. */
const meaninglessSerials = new Set([
  '',
  '0',
  'none',
  'default string',
  'to be filled by o.e.m.',
  'system serial number',
  'not specified',
  'not applicable',
  '123456789',
  '0123456789',
]);

/** What vendors of boards leave in place of a UUID, in either byte order: the same in every box. */
const sharedUuids = new Set([
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '78563412-3412-7856-90ab-cddeefaabbcc',
]);

/** A UUID that tells one machine from another: well-formed, not all zeros or all ones, and none that whole batches share. */
export function usableUuid(text: string | undefined): string | undefined {
  const uuid = text?.toLowerCase();
  if (!uuid || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid) || sharedUuids.has(uuid)) return undefined;
  const digits = new Set(uuid.replaceAll('-', ''));
  return digits.size === 1 && (digits.has('0') || digits.has('f')) ? undefined : uuid;
}

/** A serial number that somebody really gave this machine; trimmed. */
export function usableSerial(text: string | undefined): string | undefined {
  const serial = text?.trim();
  return serial === undefined || meaninglessSerials.has(serial.toLowerCase()) ? undefined : serial;
}

/** The machine that a claim speaks of: by MAC, else by UUID. */
export function findMachine(claim: Claim, state: SiteState): Machine | undefined {
  const uuid = usableUuid(claim.uuid);
  return state.machineWith('mac', claim.mac) ?? (uuid ? state.machineWith('uuid', uuid) : undefined);
}

/** The slot for a claim: the one its machine is bound to if the revision still has it, else the one that its evidence matches. */
export function findSlot(claim: Claim, state: SiteState, revision: Revision): SlotAnswer {
  const machine = findMachine(claim, state);
  const bound = machine && state.bindingOfMachine(machine.id);
  const boundSlot = bound && revision.slots[bound.slot];
  if (boundSlot && (boundSlot.match.length === 0 || matches(boundSlot, claim, machine)))
    return { kind: 'slot', slot: boundSlot };
  const slot = Object.values(revision.slots).find((candidate) => matches(candidate, claim, machine));
  if (!slot) return { kind: 'none' };
  const incumbent = incumbentOf(slot, state);
  return incumbent && incumbent.id !== machine?.id ? { kind: 'taken', slot, by: incumbent } : { kind: 'slot', slot };
}

function incumbentOf(slot: Slot, state: SiteState): Machine | undefined {
  const binding = state.currentBinding(slot.name);
  const machine = binding && state.machines.get(binding.machine);
  return machine && matchesMachine(slot, machine) ? machine : undefined;
}

function matches(slot: Slot, claim: Claim, machine: Machine | undefined): boolean {
  return slot.match.some((row) =>
    rowMatches(row, (kind, wanted) => claimHas(claim, kind, wanted) || machineHas(machine, kind, wanted)),
  );
}

function matchesMachine(slot: Slot, machine: Machine): boolean {
  return slot.match.some((row) => rowMatches(row, (kind, wanted) => machineHas(machine, kind, wanted)));
}

function rowMatches(row: SlotMatch, has: (kind: 'mac' | 'uuid' | 'serial', wanted: string) => boolean): boolean {
  const wanted = [['mac', row.mac] as const, ['uuid', row.uuid] as const, ['serial', row.serial] as const];
  const named = wanted.filter(([, value]) => value !== undefined);
  return named.length > 0 && named.every(([kind, value]) => has(kind, value ?? ''));
}

function claimHas(claim: Claim, kind: 'mac' | 'uuid' | 'serial', wanted: string): boolean {
  if (kind === 'mac') return claim.mac === wanted;
  return kind === 'uuid' ? usableUuid(claim.uuid) === wanted : usableSerial(claim.serial) === wanted;
}

function machineHas(machine: Machine | undefined, kind: EvidenceKind, wanted: string): boolean {
  return machine !== undefined && (evidenceOf(machine, kind) === wanted || hasAnyMac(machine, kind, wanted));
}

/** A machine has several MACs at once, but only one newest serial and UUID. */
function hasAnyMac(machine: Machine, kind: EvidenceKind, wanted: string): boolean {
  return kind === 'mac' && machine.evidence.some((row) => row.kind === 'mac' && row.value === wanted);
}

/** Without 0, O, 1, I and L: they are read aloud over the telephone. */
const codeAlphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** Four letters by which a person names an unknown machine; the same for one MAC every time (FNV-1a over its text). */
export function machineCode(mac: MacAddress): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < mac.length; i++) hash = Math.imul(hash ^ mac.charCodeAt(i), 0x01000193) >>> 0;
  let code = '';
  for (let i = 0; i < 4; i++) {
    code += codeAlphabet[hash % codeAlphabet.length];
    hash = Math.floor(hash / codeAlphabet.length);
  }
  return code;
}

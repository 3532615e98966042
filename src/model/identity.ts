import type { MacAddress } from '../kernel/mac.ts';
import { isBound } from './lease.ts';
import type { Claim, EvidenceKind, Machine } from './machine.ts';
import { evidenceOf, macsOf } from './machine.ts';
import { fencedMark } from './order.ts';
import type { Revision, Slot, SlotMatch } from './revision.ts';
import { slotsNaming } from './slot-index.ts';
import type { SiteState } from './store.ts';

/**
 * Which slot a machine fills, or why none. `taken`: another machine that still matches was there first; the newcomer
 * matches too, or comes with its UUID.
 */
export type SlotAnswer =
  | { readonly kind: 'slot'; readonly slot: Slot }
  | { readonly kind: 'taken'; readonly slot: Slot; readonly by: Machine; readonly why: 'match' | 'uuid' }
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

/**
 * The same UUID with its first three fields in the other byte order: SMBIOS has them little-endian since 2.6, and
 * firmware, asset labels and purchase lists have them either way.
 */
export function otherByteOrder(uuid: string): string {
  const [first = '', second = '', third = '', ...rest] = uuid.split('-');
  return [...[first, second, third].map(reversed), ...rest].join('-');
}

function reversed(hex: string): string {
  return (hex.match(/../g) ?? []).toReversed().join('');
}

function isSameUuid(uuid: string | undefined, wanted: string): boolean {
  return uuid !== undefined && (uuid === wanted || otherByteOrder(uuid) === wanted);
}

/** A serial number that somebody really gave this machine; trimmed. */
export function usableSerial(text: string | undefined): string | undefined {
  const serial = text?.trim();
  return serial === undefined || meaninglessSerials.has(serial.toLowerCase()) ? undefined : serial;
}

/**
 * The machine that a claim speaks of at `now` (milliseconds since 1970). Its MAC says so. A UUID, which the site tells
 * everybody, brings another NIC to a machine only while that one is silent: while one of its NICs has a lease, whoever
 * comes with its UUID is somebody else. A NIC that came in such a time, and was written down without a UUID and a slot,
 * may still prove to be the second one of a machine in a slot. What a person took apart stays apart.
 */
export function findMachine(claim: Claim, state: SiteState, now: number): Machine | undefined {
  const byMac = state.machineWith('mac', claim.mac);
  const byUuid = machineOfUuid(claim, state);
  if (!byUuid || byUuid.id === byMac?.id || isUp(byUuid, state, now) || isApart(byUuid, claim.mac, byMac)) return byMac;
  if (!byMac) return byUuid;
  const isStray = evidenceOf(byMac, 'uuid') === undefined && !state.bindingOfMachine(byMac.id);
  return isStray && state.bindingOfMachine(byUuid.id) ? byUuid : byMac;
}

/** The machine that has the UUID of a claim, whoever makes the claim. */
export function machineOfUuid(claim: Claim, state: SiteState): Machine | undefined {
  const uuid = usableUuid(claim.uuid);
  if (uuid === undefined) return undefined;
  return state.machineWith('uuid', uuid) ?? state.machineWith('uuid', otherByteOrder(uuid));
}

/** Whether a person has said that this MAC, or any of the machine that has it, is somebody else's. */
export function isApart({ apart = [] }: Machine, mac: MacAddress, other?: Machine): boolean {
  return apart.includes(mac) || (other !== undefined && macsOf(other).some((own) => apart.includes(own)));
}

/**
 * Whether a NIC of this machine has a lease at `now`, in any network. Of one that has none, as where another server
 * leases, nobody can tell that it is off once it is enrolled: a person has to say that it has another NIC.
 */
function isUp(machine: Machine, state: SiteState, now: number): boolean {
  const leases = macsOf(machine).map((mac) => state.leaseOfMac(mac));
  if (leases.every((lease) => lease === undefined)) return state.bindingOfMachine(machine.id)?.health === 'enrolled';
  return leases.some((lease) => isBound(lease, now));
}

/**
 * The slot for a claim: the one its machine is bound to if the revision still has it, else the one that its evidence
 * matches. A machine that was fenced off matches nothing: its MAC may still stand in the template. `taken` is also the answer to a stranger that has nothing but the UUID of the machine in a slot.
 */
export function findSlot(claim: Claim, state: SiteState, revision: Revision, now: number): SlotAnswer {
  const machine = findMachine(claim, state, now);
  if (machine && state.marks.has(fencedMark(machine.id))) return { kind: 'none' };
  const bound = machine && boundSlotOf(machine, state, revision);
  const isPlaced = machine && state.bindingOfMachine(machine.id)?.placedBy !== undefined;
  if (bound && (isPlaced || bound.match.length === 0 || matches(bound, claim, machine)))
    return { kind: 'slot', slot: bound };
  const slot = firstMatch(claim, machine, revision);
  if (!slot) return answerToTwin(claim, machine, state, revision);
  const incumbent = incumbentOf(slot, state);
  return incumbent && incumbent.id !== machine?.id
    ? { kind: 'taken', slot, by: incumbent, why: 'match' }
    : { kind: 'slot', slot };
}

/** The first slot of the revision that means this machine: of all slots, only those are looked at that name anything of it. */
function firstMatch(claim: Claim, machine: Machine | undefined, { slots }: Revision): Slot | undefined {
  const uuids = [usableUuid(claim.uuid), machine && evidenceOf(machine, 'uuid')].flatMap((uuid) =>
    uuid === undefined ? [] : [uuid, otherByteOrder(uuid)],
  );
  const serials = [usableSerial(claim.serial), machine && evidenceOf(machine, 'serial')];
  const said = {
    macs: [claim.mac, ...(machine ? macsOf(machine) : [])],
    uuids,
    serials: serials.filter((serial) => serial !== undefined),
  };
  return slotsNaming(slots, said).find((candidate) => matches(candidate, claim, machine));
}

function answerToTwin(claim: Claim, machine: Machine | undefined, state: SiteState, revision: Revision): SlotAnswer {
  const twin = machineOfUuid(claim, state);
  if (!twin || twin.id === machine?.id || isApart(twin, claim.mac, machine)) return { kind: 'none' };
  const slot = boundSlotOf(twin, state, revision);
  return slot ? { kind: 'taken', slot, by: twin, why: 'uuid' } : { kind: 'none' };
}

function boundSlotOf(machine: Machine, state: SiteState, revision: Revision): Slot | undefined {
  const binding = state.bindingOfMachine(machine.id);
  return binding && revision.slots[binding.slot];
}

function incumbentOf(slot: Slot, state: SiteState): Machine | undefined {
  const binding = state.currentBinding(slot.name);
  const machine = binding && state.machines.get(binding.machine);
  return machine && (binding.placedBy !== undefined || matchesMachine(slot, machine)) ? machine : undefined;
}

function matches(slot: Slot, claim: Claim, machine: Machine | undefined): boolean {
  return slot.match.some((row) =>
    rowMatches(row, (kind, wanted) => claimHas(claim, kind, wanted) || machineHas(machine, kind, wanted)),
  );
}

/** Whether what is known of a machine fits what the template says of a slot. */
export function matchesMachine(slot: Slot, machine: Machine): boolean {
  return slot.match.some((row) => rowMatches(row, (kind, wanted) => machineHas(machine, kind, wanted)));
}

function rowMatches(row: SlotMatch, has: (kind: 'mac' | 'uuid' | 'serial', wanted: string) => boolean): boolean {
  const wanted = [['mac', row.mac] as const, ['uuid', row.uuid] as const, ['serial', row.serial] as const];
  const named = wanted.filter(([, value]) => value !== undefined);
  return named.length > 0 && named.every(([kind, value]) => has(kind, value ?? ''));
}

function claimHas(claim: Claim, kind: 'mac' | 'uuid' | 'serial', wanted: string): boolean {
  if (kind === 'mac') return claim.mac === wanted;
  return kind === 'uuid' ? isSameUuid(usableUuid(claim.uuid), wanted) : usableSerial(claim.serial) === wanted;
}

function machineHas(machine: Machine | undefined, kind: EvidenceKind, wanted: string): boolean {
  if (machine === undefined) return false;
  if (kind === 'uuid') return isSameUuid(evidenceOf(machine, kind), wanted);
  return evidenceOf(machine, kind) === wanted || hasAnyMac(machine, kind, wanted);
}

/** A machine has several MACs at once, but only one newest serial and UUID. */
function hasAnyMac(machine: Machine, kind: EvidenceKind, wanted: string): boolean {
  return kind === 'mac' && machine.evidence.some((row) => row.kind === 'mac' && row.value === wanted);
}

/** Without 0, O, 1, I and L: they are read aloud over the telephone. */
const codeAlphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** Four letters by which a person names a machine that has no slot, from as many bytes that nobody can guess. */
export function spellCode(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, CODE_LETTERS), (byte) => codeAlphabet[byte % codeAlphabet.length]).join('');
}

export const CODE_LETTERS = 4;
/** How long a code is good after its machine was last heard: the screen may have gone on meanwhile. */
export const CODE_MS = 10 * 60_000;

/**
 * The code that the screen of a machine shows already: of the boot that it is in, or was in until a moment ago. Who
 * reads it aloud must not find another one there when asked again.
 */
export function shownCode({ mac }: Claim, state: SiteState, now: number): string | undefined {
  const machine = state.machineWith('mac', mac);
  const boot = machine && state.latestBoot(machine.id);
  return boot?.mac === mac && now - (boot.closedAt ?? now) < CODE_MS ? boot.code : undefined;
}

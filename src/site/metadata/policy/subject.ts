import type { MacAddress } from '../../../kernel/mac.ts';
import { isIdentifyingMac, parseMac } from '../../../kernel/mac.ts';
import { findSlot, usableUuid } from '../../../model/identity.ts';
import type { Machine } from '../../../model/machine.ts';
import { evidenceOf } from '../../../model/machine.ts';
import type { Revision, Slot } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';

/** Whose documents are asked for. */
export type Subject =
  | {
      readonly kind: 'slot';
      readonly slot: Slot;
      /** Number of the binding that the documents are for; also before its row is written. */
      readonly binding: number;
      readonly machine: Machine | undefined;
      /** The NIC that it boots from, as far as anybody knows. */
      readonly mac: MacAddress | undefined;
    }
  /** A machine that has no slot, or not yet: somebody may give it one. */
  | { readonly kind: 'pending'; readonly id: string; readonly mac: MacAddress | undefined }
  | { readonly kind: 'unknown' };

export type Known = Exclude<Subject, { kind: 'unknown' }>;

/** Whom log lines name. */
export function nameOf(subject: Known): Readonly<Record<string, string>> {
  const mac = subject.mac ? { mac: subject.mac } : {};
  return subject.kind === 'slot' ? { slot: subject.slot.name, ...mac } : { id: subject.id, ...mac };
}

/** Finds whom an id of `/nocloud/<id>/` means at `now`: name of a slot, MAC in any spelling, UUID or serial number. */
export function findSubject(id: string, state: SiteState, revision: Revision, now: number): Subject {
  const slot = revision.slots[id];
  if (slot && Object.hasOwn(revision.slots, id)) return subjectOfSlot(slot, state);
  const mac = parseMac(id);
  if (mac) return isIdentifyingMac(mac) ? subjectOfMac(mac, state, revision, now) : { kind: 'unknown' };
  const uuid = usableUuid(id);
  if (uuid) return subjectOfUuid(uuid, state, revision, now);
  return subjectOfSerial(id, state, revision, now);
}

/** The documents of the machine with this MAC. */
export function subjectOfMac(mac: MacAddress, state: SiteState, revision: Revision, now: number): Subject {
  const answer = findSlot({ mac }, state, revision, now);
  const machine = state.machineWith('mac', mac);
  if (answer.kind !== 'slot') return { kind: 'pending', id: mac.replaceAll(':', '-'), mac };
  return subjectOfMachine(answer.slot, state, machine, mac);
}

function subjectOfUuid(uuid: string, state: SiteState, revision: Revision, now: number): Subject {
  const machine = state.machineWith('uuid', uuid);
  const mac = machine && macOf(machine);
  if (mac) return subjectOfMac(mac, state, revision, now);
  const slot = Object.values(revision.slots).find(({ match }) => match.some((row) => row.uuid === uuid));
  return slot ? subjectOfSlot(slot, state) : { kind: 'pending', id: uuid, mac: undefined };
}

/** A serial number is only an id where it is one machine's alone, or one slot's. */
function subjectOfSerial(serial: string, state: SiteState, revision: Revision, now: number): Subject {
  const slots = Object.values(revision.slots).filter(({ match }) => match.some((row) => row.serial === serial));
  if (slots.length === 1 && slots[0]) return subjectOfSlot(slots[0], state);
  const machines = [...state.machines.values()].filter((machine) => evidenceOf(machine, 'serial') === serial);
  const [machine, another] = machines;
  const mac = machine && !another ? macOf(machine) : undefined;
  return mac ? subjectOfMac(mac, state, revision, now) : { kind: 'unknown' };
}

function subjectOfSlot(slot: Slot, state: SiteState): Subject {
  const binding = state.currentBinding(slot.name);
  const machine = binding && state.machines.get(binding.machine);
  const next = (state.newestBinding(slot.name)?.number ?? 0) + 1;
  const mac = (machine && macOf(machine)) ?? slot.match.find((row) => row.mac !== undefined)?.mac;
  return { kind: 'slot', slot, binding: binding?.number ?? next, machine, mac };
}

/** A machine that will fill the slot with the next row that is written has its number already. */
function subjectOfMachine(slot: Slot, state: SiteState, machine: Machine | undefined, mac: MacAddress): Subject {
  const current = state.currentBinding(slot.name);
  const fills = current !== undefined && current.machine === machine?.id;
  const next = (state.newestBinding(slot.name)?.number ?? 0) + 1;
  return { kind: 'slot', slot, binding: fills ? current.number : next, machine, mac };
}

function macOf(machine: Machine): MacAddress | undefined {
  return evidenceOf(machine, 'mac') as MacAddress | undefined;
}

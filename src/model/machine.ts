import type { Brand } from '../kernel/brand.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { BootWay } from './boot-way.ts';

/** `m7`: counted by the site, never used twice. */
export type MachineId = Brand<string, 'MachineId'>;

export type EvidenceKind =
  | 'mac'
  | 'uuid'
  | 'serial'
  | 'manufacturer'
  | 'product'
  | 'firmware'
  | 'hostname'
  | 'client-id';
export type EvidenceSource = 'dhcp' | 'script' | 'os' | 'person';

/** One thing known of a machine, and who said so. */
export type Evidence = {
  readonly kind: EvidenceKind;
  readonly value: string;
  readonly source: EvidenceSource;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** The machine that it came from by a merge; missing: it was said of this one. */
  readonly from?: MachineId;
};

/** A piece of hardware, known by evidence alone. */
export type Machine = {
  readonly id: MachineId;
  readonly evidence: readonly Evidence[];
  /** The machines that proved to be this one, in the order in which they came: each can be given back. */
  readonly merged?: readonly Merge[];
  /** MACs that a person says are of somebody else, whatever UUID they come with. */
  readonly apart?: readonly MacAddress[];
  /** The slot that it is kept out of, because another machine fills it. */
  readonly contends?: Contention;
  /** What its firmware booted by last. */
  readonly way?: WorkingWay;
};

/** `client`: the kind of client that it was then, such as `uefi-x64`. `doubt`: since then a loader that came so did not run, once. */
export type WorkingWay = { readonly client: string; readonly way: BootWay; readonly at: number; readonly doubt?: true };

/** A machine that went into another one, as it was before. `by`: who said so, or `uuid` where the UUID did. */
export type Merge = { readonly former: Machine; readonly at: number; readonly by: string };

/** `match`: the template means this machine too. `uuid`: it comes with the UUID of the machine in the slot. */
export type Contention = {
  readonly slot: string;
  readonly by: MachineId;
  readonly why: 'match' | 'uuid';
  readonly since: number;
};

/** What somebody says of a machine in one packet or request. */
export type Claim = {
  readonly mac: MacAddress;
  readonly uuid?: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly product?: string;
};

/** The MACs of a machine, each once. */
export function macsOf(machine: Machine): readonly MacAddress[] {
  return [...new Set(machine.evidence.flatMap(({ kind, value }) => (kind === 'mac' ? [value as MacAddress] : [])))];
}

/** The newest value of a kind, or undefined. */
export function evidenceOf(machine: Machine, kind: EvidenceKind): string | undefined {
  let newest: Evidence | undefined;
  for (const row of machine.evidence) {
    if (row.kind === kind && (!newest || row.lastSeen >= newest.lastSeen)) newest = row;
  }
  return newest?.value;
}

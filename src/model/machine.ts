import type { Brand } from '../kernel/brand.ts';
import type { MacAddress } from '../kernel/mac.ts';

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
};

/** A piece of hardware, known by evidence alone. */
export type Machine = { readonly id: MachineId; readonly evidence: readonly Evidence[] };

/** What somebody says of a machine in one packet or request. */
export type Claim = {
  readonly mac: MacAddress;
  readonly uuid?: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly product?: string;
};

/** The newest value of a kind, or undefined. */
export function evidenceOf(machine: Machine, kind: EvidenceKind): string | undefined {
  let newest: Evidence | undefined;
  for (const row of machine.evidence) {
    if (row.kind === kind && (!newest || row.lastSeen >= newest.lastSeen)) newest = row;
  }
  return newest?.value;
}

import { isIdentifyingMac } from '../../../kernel/mac.ts';
import { usableSerial, usableUuid } from '../../../model/identity.ts';
import type { Claim, Evidence, EvidenceKind, EvidenceSource, Machine } from '../../../model/machine.ts';

/** One thing that was said of a machine. */
export type Statement = { readonly kind: EvidenceKind; readonly value: string };

/** A machine that only shows again that it is there costs one row a minute, not one a packet. */
const REFRESH_MS = 60_000;
/** What a machine may say of itself is bounded: a hostile one could send another host name every second. */
const MAX_VALUE_LENGTH = 128;
const MAX_ROWS = 48;
/** MACs, and UUIDs: each said by DHCP, by the loader and by the system. */
const MAX_IDENTIFIERS = 16;

/** The machine with what was said at `at` added; the very same machine if there was nothing new. */
export function addEvidence(
  machine: Machine,
  statements: readonly Statement[],
  source: EvidenceSource,
  at: number,
): Machine {
  let evidence = machine.evidence;
  for (const { kind, value } of statements) {
    const text = printable(value);
    if (text === '') continue;
    const index = evidence.findIndex((row) => row.kind === kind && row.value === text && row.source === source);
    const known = evidence[index];
    if (!known) evidence = [...evidence, { kind, value: text, source, firstSeen: at, lastSeen: at }];
    else if (at - known.lastSeen >= REFRESH_MS) evidence = evidence.with(index, { ...known, lastSeen: at });
  }
  return evidence === machine.evidence ? machine : { ...machine, evidence: trim(evidence) };
}

/** What a claim says that means something: no all-zero UUID, no "To be filled by O.E.M.". */
export function statementsOf(claim: Claim): Statement[] {
  const uuid = usableUuid(claim.uuid);
  const serial = usableSerial(claim.serial);
  const manufacturer = usableSerial(claim.manufacturer);
  const product = usableSerial(claim.product);
  return [
    ...(isIdentifyingMac(claim.mac) ? [{ kind: 'mac', value: claim.mac } as const] : []),
    ...(uuid ? [{ kind: 'uuid', value: uuid } as const] : []),
    ...(serial ? [{ kind: 'serial', value: serial } as const] : []),
    ...(manufacturer ? [{ kind: 'manufacturer', value: manufacturer } as const] : []),
    ...(product ? [{ kind: 'product', value: product } as const] : []),
  ];
}

/** Firmware tables and host names come from anywhere, and end on terminals: no escape sequences, no line ends. */
function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, MAX_VALUE_LENGTH)
    .toWellFormed();
}

/**
 * Drops what was not seen for longest when there is too much; of MACs and UUIDs, which say who it is, those that came
 * last: who makes up new ones in a machine's name must displace neither them nor the rest.
 */
function trim(evidence: readonly Evidence[]): readonly Evidence[] {
  if (evidence.length <= MAX_ROWS) return evidence;
  const oldest = (kind: EvidenceKind) =>
    evidence
      .filter((row) => row.kind === kind)
      .sort((a, b) => a.firstSeen - b.firstSeen)
      .slice(0, MAX_IDENTIFIERS);
  const names = [...oldest('mac'), ...oldest('uuid')];
  const others = evidence
    .filter(({ kind }) => kind !== 'mac' && kind !== 'uuid')
    .sort((a, b) => b.lastSeen - a.lastSeen);
  const kept = new Set([...names, ...others].slice(0, MAX_ROWS));
  return evidence.filter((row) => kept.has(row));
}

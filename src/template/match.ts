import { isIdentifyingMac, type MacAddress, parseMac } from '../kernel/mac.ts';
import { usableSerial, usableUuid } from '../model/identity.ts';
import type { SlotMatch } from '../model/revision.ts';
import type { Context } from './context.ts';
import type { Path } from './places.ts';
import type { SlotDocument } from './schema-slots.ts';
import type { Scope } from './text.ts';

const kinds = {
  mac: { expected: 'the MAC address of one machine, such as 52:54:00:12:34:56', parse: identifyingMac },
  uuid: { expected: 'the UUID of one machine, such as 4c4c4544-0042-3010-8052-b4c04f4d4e32', parse: usableUuid },
  serial: { expected: 'the serial number of one machine', parse: usableSerial },
} as const;

type Kind = keyof typeof kinds;

/** A row as a noun, and where it was written. */
export type CompiledMatch = { readonly row: SlotMatch; readonly path: Path };

/** The rows by which a machine is told, normalised; a row with lists becomes a row for each combination. */
export function compileMatch(
  path: Path,
  rows: SlotDocument['match'],
  scope: Scope,
  context: Context,
): readonly CompiledMatch[] {
  return rows.flatMap((row, index) => {
    const at = [...path, index];
    const given = (['mac', 'uuid', 'serial'] as const).filter((kind) => row[kind] !== undefined);
    if (given.length === 0) context.problems.value(at, 'expected a mac, a uuid or a serial');
    const combinations = given.reduce<readonly SlotMatch[]>(
      (combined, kind) => {
        const values = readValues([...at, kind], kind, row[kind] ?? [], scope, context);
        return combined.flatMap((match) => values.map((value) => ({ ...match, [kind]: value })));
      },
      given.length > 0 ? [{}] : [],
    );
    return combinations.map((match) => ({ row: match, path: at }));
  });
}

function readValues(
  path: Path,
  kind: Kind,
  written: string | readonly string[],
  scope: Scope,
  context: Context,
): readonly string[] {
  const { expected, parse } = kinds[kind];
  const list = typeof written === 'string' ? [written] : written;
  return list.flatMap((value, index) => {
    const at = typeof written === 'string' ? path : [...path, index];
    const text = context.text(at, value, scope);
    if (text === undefined) return [];
    return parse(text) ?? context.wrong(at, expected, text) ?? [];
  });
}

/** All-zero and group addresses are in many machines, or in none. */
export function identifyingMac(text: string): MacAddress | undefined {
  const mac = parseMac(text);
  return mac && isIdentifyingMac(mac) ? mac : undefined;
}

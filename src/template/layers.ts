import type { ParsedFile } from './document.ts';
import { type Path, Spots } from './places.ts';

/** Layers from the widest to the narrowest; a later one changes what an earlier one says. */
export const LAYERS = ['fleet', 'group', 'site'] as const;
export type Layer = (typeof LAYERS)[number];

/** Several files as one: maps merge, lists and single values replace, `null` deletes. */
export function mergeLayers(files: readonly ParsedFile[]): { readonly value: unknown; readonly spots: Spots } {
  const spots = new Spots();
  let value: unknown = {};
  for (const file of files) value = mergeInto(value, file.value, [], { spots, from: file.spots });
  return { value: withoutNulls(value, []), spots };
}

/** The law of layers on plain values, with nulls left standing as deletions. `{}` changes nothing. */
export function mergeValues(lower: unknown, upper: unknown): unknown {
  return mergeInto(lower, upper, [], undefined);
}

type Trace = { readonly spots: Spots; readonly from: Spots };

function mergeInto(lower: unknown, upper: unknown, path: Path, trace: Trace | undefined): unknown {
  if (!isMap(lower) || !isMap(upper) || isOneThing(path)) {
    trace?.spots.adopt(path, trace.from);
    return upper;
  }
  const merged: Record<string, unknown> = { ...lower };
  for (const [key, value] of Object.entries(upper)) {
    const below = [...path, key];
    if (Object.hasOwn(merged, key)) merged[key] = mergeInto(merged[key], value, below, trace);
    else {
      merged[key] = value;
      trace?.spots.adopt(below, trace.from);
    }
  }
  return merged;
}

/** A document is described by one of several keys: half of one and half of another means nothing. */
function isOneThing(path: Path): boolean {
  return path.length === 5 && path[0] === 'spec' && path[1] === 'profiles' && path[3] === 'documents';
}

/** Deletions carried out. Inside a profile they stay: there they delete what the profile inherits. */
function withoutNulls(value: unknown, path: Path): unknown {
  if (!isMap(value) || (path.length === 3 && path[0] === 'spec' && path[1] === 'profiles')) return value;
  const kept = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutNulls(child, [...path, key])]));
}

/** A map as YAML and JSON have them: neither a list nor null. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { err, ok, type Result } from '../kernel/result.ts';
import type { ParsedFile } from './document.ts';
import { type Fleet, type FleetLayer, parsedLayers } from './fleet.ts';
import { isMap, mergeLayers } from './layers.ts';
import type { Path } from './places.ts';
import { didYouMean, type Place, type TemplateProblem } from './problem.ts';

/** Where a value of a site comes from. */
export type Explanation = {
  readonly site: string;
  /** As it stands in the layers, such as `spec.networks.nodes.dns`. */
  readonly path: string;
  /** What is in force, as it was written; undefined: no layer says it. */
  readonly value: unknown;
  /** The value, or each single value below it, with the layer and place that it comes from. */
  readonly parts: readonly (Said & { readonly path: string })[];
  /** What each layer says of this path, from narrow to wide; the first counts, and maps of all are joined. */
  readonly said: readonly Said[];
};
export type Said = { readonly layer: string; readonly place: Place; readonly value: unknown };

type Layer = FleetLayer & ParsedFile;

/**
 * Says which layer, file and line a value of a site comes from, and what the wider layers said. `path` has keys joined by dots,
 * with or without `spec.` in front; `vars.NAME` is the variable as the site has it.
 */
export function explain(
  fleet: Fleet,
  site: string,
  path: string,
): Result<Explanation, readonly TemplateProblem[] | string> {
  const layers = parsedLayers(fleet, site);
  if (!layers.ok) return layers;
  const found = variableIn(path, layers.value) ?? findPath(path, layers.value);
  if (!found.ok) return found;
  const { value: merged, spots } = mergeLayers(layers.value);
  const value = valueAt(merged, found.value);
  const parts = leavesOf(value, found.value).map((leaf) => {
    const place = spots.valueAt(leaf.path) ?? { file: '', line: 1, column: 1 };
    return { ...leaf, path: leaf.path.join('.'), place: bare(place), layer: layerOf(place.file, layers.value) };
  });
  const said = [...layers.value].reverse().flatMap((layer) => saidBy(layer, found.value));
  return ok({ site, path: found.value.join('.'), value, parts, said });
}

/** `vars.NAME`: what gives it a value counts before what declares it. */
function variableIn(path: string, layers: readonly Layer[]): Result<Path, string> | undefined {
  const name = /^(?:spec\.)?vars\.([^.]+)$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  const given = ['spec', 'values', name];
  return layers.some(({ value }) => valueAt(value, given) !== undefined) ? ok(given) : undefined;
}

/** The keys that a text with dots names; a key may have dots itself, so the longest that fits is taken. */
function findPath(text: string, layers: readonly Layer[]): Result<Path, string> {
  const rooted = /^(spec|metadata|kind|apiVersion)(\.|$)/.test(text) ? text : `spec.${text}`;
  let rest = rooted.split('.');
  let path: Path = [];
  while (rest.length > 0) {
    const known = keysAt(layers, path);
    const taken = rest.findLastIndex((_, index) => known.has(rest.slice(0, index + 1).join('.')));
    if (taken < 0) {
      const where = path.length === 0 ? 'a template' : path.join('.');
      const guess = didYouMean(rest[0] ?? '', known);
      const list = guess === '' && known.size > 0 ? `; it says: ${[...known].join(', ')}` : guess;
      return err(`no layer of the site says "${rest[0]}" in ${where}${list}`);
    }
    path = [...path, rest.slice(0, taken + 1).join('.')];
    rest = rest.slice(taken + 1);
  }
  return ok(path);
}

function keysAt(layers: readonly Layer[], path: Path): ReadonlySet<string> {
  const keys = layers.flatMap(({ value }) => {
    const here = valueAt(value, path);
    return isMap(here) || Array.isArray(here) ? Object.keys(here) : [];
  });
  return new Set(keys);
}

function saidBy(layer: Layer, path: Path): readonly Said[] {
  const value = valueAt(layer.value, path);
  const place = layer.spots.valueAt(path);
  return value === undefined || !place ? [] : [{ layer: layer.layer, place: bare(place), value }];
}

function leavesOf(value: unknown, path: Path): readonly { readonly path: Path; readonly value: unknown }[] {
  if (value === undefined) return [];
  if (!isMap(value) || Object.keys(value).length === 0) return [{ path, value }];
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, [...path, key]));
}

function layerOf(file: string, layers: readonly Layer[]): string {
  return layers.find(({ source }) => source.name === file)?.layer ?? '';
}

function bare({ file, line, column }: Place): Place {
  return { file, line, column };
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

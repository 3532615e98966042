import type { Digest } from '../kernel/digest.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Revision } from '../model/revision.ts';
import { compileTemplate } from './compile.ts';
import { type ParsedFile, parseYaml, type SourceFile } from './document.ts';
import type { ReadFile } from './documents.ts';
import { type FleetDocument, fleetSchema } from './fleet-schema.ts';
import { Problems } from './places.ts';
import { sortProblems, type TemplateProblem } from './problem.ts';
import { validate } from './validate.ts';

export const FLEET_FILE = 'fleet.yaml';
export const TEMPLATE_FILE = 'template.yaml';

/** The files of a fleet directory, by their paths in it. */
export type FleetFiles = {
  /** All files that may be a layer: what lies in the directory itself, in `groups` and in `sites`. */
  readonly names: readonly string[];
  readonly readFile: ReadFile;
};

/** A layer of a site: which one, for people (`fleet`, `group eu`, `site`), and its file. */
export type FleetLayer = { readonly layer: string; readonly source: SourceFile };

/** A fleet directory that was read: which sites there are, and what each of them comes to. */
export type Fleet = {
  readonly document: FleetDocument;
  /** What is wrong with something in `fleet.yaml`, at its place. */
  readonly problemsAt: () => Problems;
  readonly files: FleetFiles;
  /** Reads a layer once, however many sites have it. */
  readonly parse: typeof parseYaml;
  readonly source: (name: string) => Result<SourceFile, string>;
};

type Problematic<T> = Result<T, readonly TemplateProblem[]>;

/** Reads `fleet.yaml`. Layers are read when a site is rendered. */
export function readFleet(files: FleetFiles): Problematic<Fleet> {
  const source = remember((name: string) => {
    const text = files.readFile(name);
    return text.ok ? ok<SourceFile>({ name, text: text.value }) : text;
  });
  const parse = remember((file: SourceFile) => parseYaml(file));
  const found = source(FLEET_FILE);
  if (!found.ok)
    return err([inFile(FLEET_FILE, `${found.error}; a fleet directory has this file, and --dir names it`)]);
  const parsed = parse(found.value);
  if (!parsed.ok) return parsed;
  const problemsAt = (): Problems => new Problems(parsed.value.spots, FLEET_FILE);
  const problems = problemsAt();
  const document = validate(fleetSchema, parsed.value.value, problems);
  return document ? ok({ document, problemsAt, files, parse, source }) : err(sortProblems(problems.list));
}

/** The names of the sites in order. */
export function siteNames({ document }: Fleet): readonly string[] {
  return Object.keys(document.sites).sort();
}

/** The layers of a site from wide to narrow; a file that is missing is a problem where it is asked for. */
export function layersOf(fleet: Fleet, site: string): Problematic<readonly FleetLayer[]> {
  const entry = Object.hasOwn(fleet.document.sites, site) ? fleet.document.sites[site] : undefined;
  if (!entry) return err([inFile(FLEET_FILE, `there is no site "${site}" in this fleet`)]);
  const problems = fleet.problemsAt();
  const layers: FleetLayer[] = [];
  const add = (layer: string, name: string, say: (message: string) => void): void => {
    const source = fleet.source(name);
    if (source.ok) layers.push({ layer, source: source.value });
    else say(source.error);
  };
  add('fleet', TEMPLATE_FILE, (message) => problems.value([], message));
  for (const [index, group] of entry.groups.entries())
    add(`group ${group}`, groupFile(group), (message) => problems.value(['sites', site, 'groups', index], message));
  add('site', siteFile(site), (message) => problems.key(['sites', site], message));
  return problems.count > 0 ? err(sortProblems(problems.list)) : ok(layers);
}

/** A site's layers as they were read, from wide to narrow. */
export function parsedLayers(fleet: Fleet, site: string): Problematic<readonly (FleetLayer & ParsedFile)[]> {
  const layers = layersOf(fleet, site);
  if (!layers.ok) return layers;
  const parsed = layers.value.map((layer) => ({ layer, file: fleet.parse(layer.source) }));
  const broken = parsed.flatMap(({ file }) => (file.ok ? [] : file.error));
  return broken.length > 0
    ? err(sortProblems(broken))
    : ok(parsed.flatMap(({ layer, file }) => (file.ok ? [{ ...layer, ...file.value }] : [])));
}

/** The revision of one site: what its layers come to together. Never throws for what the files say. */
export function renderSite(
  fleet: Fleet,
  site: string,
  { number, sha256 }: { readonly number: number; readonly sha256: (text: string) => Digest },
): Problematic<Revision> {
  const layers = layersOf(fleet, site);
  if (!layers.ok) return layers;
  return compileTemplate({
    files: layers.value.map(({ source }) => source),
    site: { name: site, vars: {} },
    number,
    readFile: fleet.files.readFile,
    sha256,
    parse: fleet.parse,
  });
}

export function groupFile(name: string): string {
  return `groups/${name}.yaml`;
}

export function siteFile(name: string): string {
  return `sites/${name}.yaml`;
}

export function inFile(file: string, message: string): TemplateProblem {
  return { file, line: 1, column: 1, path: '', message };
}

function remember<K, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}

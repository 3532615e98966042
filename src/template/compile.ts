import { canonicalJson } from '../kernel/canonical-json.ts';
import type { Digest } from '../kernel/digest.ts';
import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import type { Asset, BootFile, Revision } from '../model/revision.ts';
import { compileAssets, compileRaspberryPi, uniqueAssets } from './assets.ts';
import { Context } from './context.ts';
import { checkSlots } from './cross-check.ts';
import { type ParsedFile, parseYaml, type SourceFile } from './document.ts';
import { DocumentTexts, type ReadFile } from './documents.ts';
import { resolveProfiles } from './extends.ts';
import { compileAdmission, compileHardware, compileUnknownMachines } from './hardware.ts';
import { compileImages } from './images.ts';
import { LAYERS, mergeLayers } from './layers.ts';
import { compileNetworks } from './networks.ts';
import { Problems } from './places.ts';
import { type Place, sortProblems, type TemplateProblem } from './problem.ts';
import { checkProfileReferences } from './profile.ts';
import { headerSchema, type TemplateDocument, templateSchema } from './schema.ts';
import { compileSlots } from './slots.ts';
import { checkTexts } from './static-check.ts';
import type { Scope } from './text.ts';
import { validate } from './validate.ts';
import { resolveVars } from './vars.ts';
import { compileDisk, compileWan } from './wan.ts';

export type CompileInput = {
  /** Layers from wide to narrow; usually one. Their names appear in problems. */
  readonly files: readonly SourceFile[];
  readonly site: {
    readonly name: string;
    readonly vars: Readonly<Record<string, unknown>>;
    /** Where the site file gives a variable, for problems. */
    readonly at?: (name: string) => Place | undefined;
  };
  /** The number of the revision; it is no part of the digest. */
  readonly number: number;
  /** Reads a document. The path begins where the names of `files` begin, and never leads out of the template's folder. */
  readonly readFile: ReadFile;
  /** The sha256 of a text in UTF-8. */
  readonly sha256: (text: string) => Digest;
  /** Reads a layer; whoever compiles for many sites hands in one that remembers. */
  readonly parse?: typeof parseYaml;
  /** true: required variables without a value take their `example`, for checking a template without a site. */
  readonly useExamples?: boolean;
};

/** A revision of all slots together; a hundred times what a store needs. */
const maxContentChars = 32 * 1024 * 1024;

/**
 * Turns template files into the revision of one site: defaults filled, references resolved, texts rendered, boot-time
 * places left open. Never throws for what the files say: all problems that can be told apart are answered at once,
 * in the order of the files.
 */
export function compileTemplate(input: CompileInput): Result<Revision, readonly TemplateProblem[]> {
  const read = readDocument(input.files, input.parse ?? parseYaml);
  if (!read.ok) return read;
  const { document, problems } = read.value;
  const { spec } = document;
  const context = new Context(problems);
  const vars = resolveVars(
    spec.vars,
    {
      values: input.site.vars,
      layers: spec.values,
      examples: input.useExamples === true,
      ...(input.site.at && { at: input.site.at }),
    },
    problems,
  );
  // A variable with a wrong value is reported once, not again at each place that uses it.
  const declared = Object.fromEntries(Object.keys(spec.vars).map((name) => [name, vars[name] ?? '']));
  const scope = { vars: declared, site: { name: input.site.name } };
  const texts = new DocumentTexts(context, input.readFile);
  const profiles = resolveProfiles(spec.profiles, problems);
  checkTexts(spec, profiles.values(), scope, texts, context);
  checkProfileReferences(
    profiles.values(),
    { assets: Object.keys(spec.assets), images: Object.keys(spec.images?.wanted ?? {}) },
    context,
  );
  if (problems.count > 0) return err(sortProblems(problems.list));

  const networks = compileNetworks(spec.networks, scope, context);
  const hardware = compileHardware(spec.hardware, scope, context);
  const assets = compileAssets(spec.assets, scope, context);
  const raspberryPi = compileRaspberryPi(spec.raspberryPi, scope, context);
  const parts = {
    networks,
    networkNames: Object.keys(spec.networks),
    hardware,
    profiles,
    assets,
    texts,
    context,
    sha256: input.sha256,
  };
  const slots = compileSlots(spec.slots, scope, parts);
  const unknownMachines = compileUnknownMachines(spec.unknownMachines, scope, context);
  const shared = compileShared(spec, scope, context);
  checkSlots(slots, networks, problems);
  if (problems.count > 0) return err(sortProblems(problems.list));

  const content = {
    site: input.site.name,
    template: document.metadata.name,
    networks: Object.fromEntries(networks),
    hardware: [...hardware.values()].map((one) => one.class),
    assets: uniqueAssets([...slots.flatMap(({ files }) => [files.kernel, ...files.initrds]), ...raspberryPi.values()]),
    ...(raspberryPi.size > 0 && { raspberryPi: bootFilesOf(raspberryPi) }),
    slots: Object.fromEntries(slots.map(({ slot }) => [slot.name, slot])),
    unknownMachines,
    ...shared,
  };
  const json = canonicalJson(content);
  if (json.length > maxContentChars)
    problems.key(['spec', 'slots'], 'the documents of all slots together are larger than 32 MiB');
  return problems.count > 0
    ? err(sortProblems(problems.list))
    : ok({ digest: input.sha256(json), number: input.number, ...content });
}

/** What all machines of the site share, where the template says something of it. */
function compileShared(
  spec: TemplateDocument['spec'],
  scope: Scope,
  context: Context,
): Pick<Revision, 'admission' | 'images' | 'wan' | 'maxDiskBytes'> {
  const admission = compileAdmission(spec.admission, scope, context);
  const images = compileImages(spec.images, Object.keys(spec.secrets), { scope, context });
  const wan = compileWan(spec.wan, scope, context);
  const maxDiskBytes = compileDisk(spec.disk, scope, context);
  return {
    ...(admission && { admission }),
    ...(images && { images }),
    ...(wan && { wan }),
    ...(maxDiskBytes !== undefined && { maxDiskBytes }),
  };
}

function bootFilesOf(files: ReadonlyMap<string, Asset>): Readonly<Record<string, BootFile>> {
  return Object.fromEntries([...files].map(([name, { digest, name: own }]) => [name, { digest, name: own }]));
}

type Read = { readonly document: TemplateDocument; readonly problems: Problems };

/** Reads, checks and merges the layers. */
function readDocument(files: readonly SourceFile[], parse: typeof parseYaml): Result<Read, readonly TemplateProblem[]> {
  const parsed = files.map((file) => parse(file));
  const broken = parsed.flatMap((one) => (one.ok ? [] : one.error));
  const layers = parsed.flatMap((one) => (one.ok ? [one.value] : []));
  if (broken.length === 0) broken.push(...checkHeaders(layers));
  if (broken.length > 0 || layers.length === 0) return err(sortProblems(broken));
  const { value, spots } = mergeLayers(layers);
  const problems = new Problems(spots, files[0]?.name ?? 'template');
  const document = validate(templateSchema, value, problems);
  return document && problems.count === 0 ? ok({ document, problems }) : err(sortProblems(problems.list));
}

/** What every layer must say for itself: what it is, the one name, and a place below the layer before. */
function checkHeaders(layers: readonly ParsedFile[]): readonly TemplateProblem[] {
  let depth = -1;
  let name: string | undefined;
  return layers.flatMap((layer) => {
    const problems = new Problems(layer.spots, layer.name);
    const header = validate(headerSchema.loose(), layer.value, problems);
    if (!header) return problems.list;
    const own = LAYERS.indexOf(header.metadata.layer);
    if (own < depth)
      problems.value(
        ['metadata', 'layer'],
        `layers are given from wide to narrow: a ${header.metadata.layer} layer cannot follow a narrower one`,
      );
    if (name !== undefined && header.metadata.name !== name)
      problems.value(
        ['metadata', 'name'],
        `this layer belongs to "${header.metadata.name}", the one before it to "${name}"`,
      );
    depth = own;
    name = header.metadata.name;
    return problems.list;
  });
}

import { parseDigest } from '../kernel/digest.ts';
import type { Arch, Asset, AssetSource } from '../model/revision.ts';
import type { Context } from './context.ts';
import type { Path } from './places.ts';
import type { TemplateDocument } from './schema.ts';
import type { FileDocument } from './schema-parts.ts';
import type { Scope } from './text.ts';

/** What a machine of one architecture needs to start. */
export type BootFiles = { readonly kernel: Asset; readonly initrds: readonly Asset[] };
export type CompiledAssets = ReadonlyMap<string, ReadonlyMap<Arch, BootFiles>>;

/** The assets of a document by name and architecture. One with something wrong is left out as a whole. */
export function compileAssets(
  documents: TemplateDocument['spec']['assets'],
  scope: Scope,
  context: Context,
): CompiledAssets {
  const assets = new Map<string, ReadonlyMap<Arch, BootFiles>>();
  for (const [name, byArch] of Object.entries(documents)) {
    const path = ['spec', 'assets', name];
    const before = context.problems.count;
    if (!byArch.amd64 && !byArch.arm64) context.problems.value(path, 'expected files for amd64, arm64, or both');
    const compiled = (['amd64', 'arm64'] as const).flatMap((arch) => {
      const files = byArch[arch] && compileFiles([...path, arch], byArch[arch], scope, context);
      return files ? [[arch, files] as const] : [];
    });
    if (context.problems.count === before) assets.set(name, new Map(compiled));
  }
  return assets;
}

/** The files for Raspberry Pi by the names under which they are asked for. */
export function compileRaspberryPi(
  documents: TemplateDocument['spec']['raspberryPi'],
  scope: Scope,
  context: Context,
): ReadonlyMap<string, Asset> {
  const path = ['spec', 'raspberryPi'];
  const files = new Map<string, Asset>();
  for (const [name, file] of Object.entries(documents)) {
    const asset = compileFile([...path, name], file, scope, context);
    // TFTP names are looked up in lower case.
    const asked = name.toLowerCase();
    if (files.has(asked)) context.problems.value([...path, name], `two files are called "${asked}"`);
    if (asset) files.set(asked, asset);
  }
  return files;
}

/** Every asset once, in order of its digest; sources named in several places are tried one after the other. */
export function uniqueAssets(assets: readonly Asset[]): readonly Asset[] {
  const byDigest = new Map<string, Asset>();
  for (const asset of assets) {
    const known = byDigest.get(asset.digest);
    const sources = [...(known?.sources ?? []), ...asset.sources];
    const unique = [...new Map(sources.map((source) => [JSON.stringify(source), source])).values()];
    byDigest.set(asset.digest, { digest: asset.digest, name: known?.name ?? asset.name, sources: unique });
  }
  return [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function compileFiles(
  path: Path,
  files: { readonly kernel: FileDocument; readonly initrds: readonly FileDocument[] },
  scope: Scope,
  context: Context,
): BootFiles | undefined {
  const kernel = compileFile([...path, 'kernel'], files.kernel, scope, context);
  const initrds = files.initrds.map((file, index) => compileFile([...path, 'initrds', index], file, scope, context));
  const names = new Set(kernel ? [kernel.name] : []);
  for (const [index, initrd] of initrds.entries()) {
    if (!initrd) return undefined;
    // initrd=NAME on the command line picks a file by its name: UEFI needs every one told apart.
    if (names.has(initrd.name))
      context.problems.value(
        [...path, 'initrds', index],
        `two files are called "${initrd.name}": give one of them another \`name\``,
      );
    names.add(initrd.name);
  }
  return kernel && { kernel, initrds: initrds.filter((initrd) => initrd !== undefined) };
}

function compileFile(path: Path, file: FileDocument, scope: Scope, context: Context): Asset | undefined {
  const digestText = context.text([...path, 'sha256'], file.sha256, scope);
  const digest = digestText === undefined ? undefined : parseDigest(digestText.toLowerCase());
  if (digestText !== undefined && !digest) context.wrong([...path, 'sha256'], '64 hex digits', digestText);
  const sources = compileSources(path, file, scope, context);
  const name = file.name === undefined ? nameOf(sources?.[0]) : context.text([...path, 'name'], file.name, scope);
  if (!digest || !sources || name === undefined) return undefined;
  if (/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,99}$/.test(name)) return { digest, name, sources };
  const at = file.name === undefined ? path : [...path, 'name'];
  return context.wrong(at, 'a plain file name (give the file a `name`)', name);
}

function compileSources(
  path: Path,
  file: FileDocument,
  scope: Scope,
  context: Context,
): readonly AssetSource[] | undefined {
  if ((file.source === undefined) === (file.sources === undefined)) {
    context.problems.value(path, 'expected exactly one of source and sources');
    return undefined;
  }
  const written = file.source === undefined ? (file.sources ?? []) : [file.source];
  const sources = written.map((value, index) => {
    const at = file.source === undefined ? [...path, 'sources', index] : [...path, 'source'];
    const text = context.text(at, value, scope);
    if (text === undefined) return undefined;
    return parseSource(text) ?? context.wrong(at, 'https://…, http://…, file:///… or debian:PACKAGE/path', text);
  });
  return sources.includes(undefined) ? undefined : sources.filter((source) => source !== undefined);
}

function parseSource(text: string): AssetSource | undefined {
  if (/^https?:\/\/[^\s/?#@]+\/[^\s#]*[^\s/#]$/.test(text)) return { kind: 'url', url: text };
  const file = /^file:\/\/(\/\S*[^\s/])$/.exec(text)?.[1];
  if (file !== undefined) return { kind: 'file', path: file };
  const [, name, path] = /^debian:([a-z0-9][a-z0-9+.-]+)\/(\S*[^\s/])$/.exec(text) ?? [];
  const inside = path !== undefined && !path.split('/').some((part) => part === '..' || part === '');
  return name !== undefined && inside ? { kind: 'debian', package: name, path } : undefined;
}

function nameOf(source: AssetSource | undefined): string | undefined {
  if (!source) return undefined;
  const whole = source.kind === 'url' ? source.url.replace(/[?#].*$/, '') : source.path;
  return whole.slice(whole.lastIndexOf('/') + 1);
}

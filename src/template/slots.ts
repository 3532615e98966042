import type { Digest } from '../kernel/digest.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Network } from '../model/network.ts';
import type { Slot, SlotInterface } from '../model/revision.ts';
import type { BootFiles, CompiledAssets } from './assets.ts';
import type { Context } from './context.ts';
import type { DocumentTexts } from './documents.ts';
import type { ResolvedProfile } from './extends.ts';
import { type CompiledHardware, renderVars } from './hardware.ts';
import { type CompiledMatch, compileMatch, identifyingMac } from './match.ts';
import { misplaced } from './networks.ts';
import type { Path } from './places.ts';
import { didYouMean } from './problem.ts';
import { compileProfile } from './profile.ts';
import type { SlotDocument } from './schema-slots.ts';
import type { Scope } from './text.ts';

export const maxSlots = 500;

/** What slots refer to. */
export type SlotParts = {
  readonly networks: ReadonlyMap<string, Network>;
  readonly networkNames: readonly string[];
  readonly hardware: ReadonlyMap<string, CompiledHardware>;
  readonly profiles: ReadonlyMap<string, ResolvedProfile>;
  readonly assets: CompiledAssets;
  readonly texts: DocumentTexts;
  readonly sha256: (text: string) => Digest;
  readonly context: Context;
};

/** A compiled slot, where it was written and the files that it boots. */
export type CompiledSlot = {
  readonly slot: Slot;
  readonly path: Path;
  readonly match: readonly CompiledMatch[];
  readonly files: BootFiles;
};

/** One slot of a document: its name, and its number if the name has `{n}`. */
type Place = { readonly name: string; readonly n?: number; readonly path: Path; readonly document: SlotDocument };

/** All slots of a document, `{n}` counted out from 1. */
export function compileSlots(
  documents: Readonly<Record<string, SlotDocument>>,
  scope: Scope,
  parts: SlotParts,
): readonly CompiledSlot[] {
  const { problems } = parts.context;
  const places = Object.entries(documents).flatMap(([key, document]) => countOut(key, document, scope, parts.context));
  if (places.length > maxSlots) {
    problems.key(['spec', 'slots'], `there are ${places.length} slots, at most ${maxSlots} are allowed`);
    return [];
  }
  const names = new Set<string>();
  return places.flatMap((place) => {
    if (names.has(place.name)) problems.key(place.path, `two slots are called "${place.name}"`);
    if (place.name.length > 63)
      problems.key(place.path, `"${place.name}" is longer than a host name may be (63 characters)`);
    names.add(place.name);
    return compileSlot(place, scope, parts) ?? [];
  });
}

function countOut(key: string, document: SlotDocument, scope: Scope, context: Context): readonly Place[] {
  const path = ['spec', 'slots', key];
  if (!key.includes('{n}')) {
    if (document.count === undefined) return [{ name: key, path, document }];
    context.problems.key([...path, 'count'], 'a count needs {n} in the name of the slot, such as pos-{n}');
    return [];
  }
  if (document.count === undefined) {
    context.problems.key(path, 'a slot with {n} in its name needs a count');
    return [];
  }
  const count = context.integer([...path, 'count'], document.count, scope, { min: 0, max: maxSlots }) ?? 0;
  return Array.from({ length: count }, (_, i) => ({
    name: key.replace('{n}', String(i + 1)),
    n: i + 1,
    path,
    document: numbered(document, i + 1),
  }));
}

/** The document with `{n}` replaced in all of its texts. */
function numbered<T>(value: T, n: number): T {
  const json = JSON.stringify(value).replaceAll(/(?<!\{)\{n\}(?!\})/g, String(n));
  return JSON.parse(json) as T;
}

function compileSlot(place: Place, siteScope: Scope, parts: SlotParts): CompiledSlot | undefined {
  const { context } = parts;
  const { document, path, name } = place;
  const profile = lookUp([...path, 'profile'], document.profile, 'profile', parts.profiles, context);
  const hardware =
    document.hardware === undefined
      ? undefined
      : lookUp([...path, 'hardware'], document.hardware, 'hardware class', parts.hardware, context);
  const bare = {
    ...siteScope,
    slot: { name, ...(place.n !== undefined && { n: place.n, index: place.n - 1 }) },
    ...(hardware && { hardware: { name: hardware.class.name, arch: hardware.class.arch, vars: hardware.vars } }),
  };
  const scope = { ...bare, slot: { ...bare.slot, vars: renderVars([...path, 'vars'], document.vars, bare, context) } };
  const match = compileMatch([...path, 'match'], document.match, scope, context);
  const interfaces = compileInterfaces(place, scope, parts);
  const view = { name, scope, ...(hardware && { arch: hardware.class.arch }) };
  const compiled = profile && compileProfile(profile, view, parts);
  if (!compiled) return undefined;
  const slot = {
    name,
    profile: compiled.profile,
    ...(hardware && { hardware: hardware.class.name }),
    match: match.map(({ row }) => row),
    interfaces,
  };
  return { slot, path, match, files: compiled.files };
}

function lookUp<T>(
  path: Path,
  name: string,
  what: string,
  table: ReadonlyMap<string, T>,
  { problems }: Context,
): T | undefined {
  const found = table.get(name);
  if (!found) problems.value(path, `there is no ${what} "${name}"${didYouMean(name, table.keys())}`);
  return found;
}

function compileInterfaces(place: Place, scope: Scope, parts: SlotParts): Readonly<Record<string, SlotInterface>> {
  const { problems } = parts.context;
  const path = [...place.path, 'interfaces'];
  const written = Object.entries(place.document.interfaces);
  const booting = written.filter(([, one]) => one.boot === true || (written.length === 1 && one.boot !== false));
  if (written.length > 0 && booting.length !== 1) {
    problems.value(path, `exactly one interface must have boot: true, found ${booting.length}`);
  }
  const entries = written.flatMap(([name, one]) => {
    const boot = booting.some(([other]) => other === name);
    const compiled = compileInterface([...path, name], one, boot, scope, parts);
    return compiled ? [[name, compiled] as const] : [];
  });
  return Object.fromEntries(entries);
}

function compileInterface(
  path: Path,
  written: SlotDocument['interfaces'][string],
  boot: boolean,
  scope: Scope,
  parts: SlotParts,
): SlotInterface | undefined {
  const { context } = parts;
  if (!parts.networkNames.includes(written.network)) {
    context.problems.value(
      [...path, 'network'],
      `there is no network "${written.network}"${didYouMean(written.network, parts.networkNames)}`,
    );
  }
  const network = parts.networks.get(written.network);
  if (!network) return undefined;
  const address = compileAddress([...path, 'address'], written.address, network, scope, context);
  const mac = compileMac([...path, 'mac'], written.mac, scope, context);
  return { boot, network: network.name, ...(address && { address }), ...(mac && { mac }) };
}

function compileAddress(
  path: Path,
  written: number | string | undefined,
  { subnet, router }: Network,
  scope: Scope,
  context: Context,
): Ipv4 | undefined {
  const address = written === undefined ? undefined : context.address(path, written, subnet, scope);
  if (!address) return undefined;
  const wrong = address === router ? `${address} is the address of the router` : misplaced(address, subnet);
  if (wrong) context.problems.value(path, wrong);
  return address;
}

function compileMac(path: Path, written: string | undefined, scope: Scope, context: Context): MacAddress | undefined {
  const text = written === undefined ? undefined : context.text(path, written, scope);
  const mac = text === undefined ? undefined : identifyingMac(text);
  return mac ?? (text === undefined ? undefined : context.wrong(path, 'the MAC address of one network card', text));
}

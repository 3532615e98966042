import { canonicalJson } from '../kernel/canonical-json.ts';
import { formatSubnet } from '../kernel/ipv4.ts';
import type { Network } from '../model/network.ts';
import type { Document, Revision, Slot } from '../model/revision.ts';
import { formatCmdline } from './cmdline.ts';
import { diffLines } from './diff-lines.ts';

/** One thing that differs between two revisions: what was there, and what is. */
export type Change = {
  /** Such as `networks.nodes.dns`, or `slots pos-1, pos-2: cmdline`. */
  readonly path: string;
  /** Lines that go; none: there was nothing. */
  readonly before: readonly string[];
  /** Lines that come; none: there is nothing. */
  readonly after: readonly string[];
};

type Content = Omit<Revision, 'number' | 'digest'>;
/** Everything that a revision says, by path, in lines. */
type Said = ReadonlyMap<string, readonly string[]>;

/** All that differs, in the order of the paths; slots with the same difference are named together. */
export function diffRevisions(before: Content | undefined, after: Content): readonly Change[] {
  const site = changesOf(before ? siteLines(before) : new Map(), siteLines(after));
  return [...site, ...diffSlots(before?.slots ?? {}, after.slots)];
}

function diffSlots(before: Content['slots'], after: Content['slots']): readonly Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  // Two tills differ in their names and numbers alone; for whoever reads the plan they change alike.
  const same = new Map<
    string,
    { readonly raw: readonly Change[]; readonly alike: readonly Change[]; slots: string[] }
  >();
  for (const name of names) {
    const raw = diffSlot(before[name], after[name]);
    if (raw.length === 0) continue;
    const alike = raw.map((change) => unnumbered(change, name));
    const key = canonicalJson(alike);
    const known = same.get(key);
    if (known) known.slots.push(name);
    else same.set(key, { raw, alike, slots: [name] });
  }
  return [...same.values()].flatMap(({ raw, alike, slots }) =>
    (slots.length === 1 ? raw : alike).map((change) => ofSlots(change, slots)),
  );
}

/** A slot that comes or goes is one change, whatever is in it. */
function diffSlot(before: Slot | undefined, after: Slot | undefined): readonly Change[] {
  if (before && after) return changesOf(slotLines(before), slotLines(after));
  return [{ path: '', before: before ? [profileText(before)] : [], after: after ? [profileText(after)] : [] }];
}

function unnumbered({ path, before, after }: Change, slot: string): Change {
  const number = /\d+$/.exec(slot)?.[0];
  const bare = (line: string): string => {
    const unnamed = line.replaceAll(slot, '{slot}');
    return number === undefined ? unnamed : unnamed.replace(new RegExp(`(?<![\\w.-])${number}(?![\\w.-])`, 'g'), '{n}');
  };
  return { path, before: before.map(bare), after: after.map(bare) };
}

function ofSlots({ path, before, after }: Change, slots: readonly string[]): Change {
  const named = slots.length > 4 ? `${slots.slice(0, 3).join(', ')} and ${slots.length - 3} more` : slots.join(', ');
  return { path: `slot${slots.length === 1 ? '' : 's'} ${named}${path === '' ? '' : `: ${path}`}`, before, after };
}

function changesOf(before: Said, after: Said): readonly Change[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  return paths.flatMap((path) => {
    const [old, now] = [before.get(path) ?? [], after.get(path) ?? []];
    if (old.join('\n') === now.join('\n') && before.has(path) === after.has(path)) return [];
    return [{ path, ...diffLines(old, now) }];
  });
}

function siteLines(revision: Content): Said {
  const { networks, hardware, assets, raspberryPi = {}, unknownMachines, admission, template } = revision;
  return new Map([
    ['template', [template]],
    ...Object.values(networks).flatMap((network) => networkLines(network)),
    ...hardware.map((one) => [`hardware.${one.name}`, [plain(one)]] as const),
    ...assets.map(
      ({ digest, name, sources }) => [`assets.${name}`, [`sha256 ${digest}`, ...sources.map(plain)]] as const,
    ),
    ...Object.entries(raspberryPi).map(([name, { digest }]) => [`raspberryPi.${name}`, [`sha256 ${digest}`]] as const),
    ...Object.entries(unknownMachines).map(([key, value]) => [`unknownMachines.${key}`, [plain(value)]] as const),
    ...(admission ? [['admission.starts', [plain(admission.starts)]] as const] : []),
  ]);
}

function networkLines({ name, ...network }: Network): readonly (readonly [string, readonly string[]])[] {
  return Object.entries(network).map(([key, value]) => [`networks.${name}.${key}`, [networkValue(key, value)]]);
}

function networkValue(key: string, value: unknown): string {
  if (key === 'subnet') return formatSubnet(value as Network['subnet']);
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.join(', ') : plain(value);
}

function slotLines({ profile, hardware, match, interfaces }: Slot): Said {
  const { kernel, initrds, cmdline, documents, install } = profile;
  return new Map<string, readonly string[]>([
    ['profile', [profileText({ profile })]],
    ...(hardware === undefined ? [] : [['hardware', [hardware]] as const]),
    ...(match.length === 0 ? [] : [['match', match.map(plain)] as const]),
    ...Object.entries(interfaces).map(([name, one]) => [`interfaces.${name}`, [plain(one)]] as const),
    ['kernel', [`${kernel.name} ${kernel.digest}`]],
    ['initrds', initrds.map(({ name, digest }) => `${name} ${digest}`)],
    ['cmdline', [formatCmdline(cmdline)]],
    ...(install ? [['install', [plain(install)]] as const] : []),
    ...Object.entries(documents).map(([name, one]) => [`documents.${name}`, documentLines(one)] as const),
  ]);
}

function profileText({ profile: { name, kind, arch } }: Pick<Slot, 'profile'>): string {
  return `${name} (${kind}, ${arch})`;
}

function documentLines(document: Document): readonly string[] {
  if (document.kind === 'interfaces') return ['(written from the interfaces)'];
  const notes = [...(document.secret ? ['secret'] : []), ...(document.fill ? [] : ['handed on untouched'])];
  const head = notes.length > 0 ? [`(${notes.join(', ')})`] : [];
  return [...head, ...document.text.trimEnd().split('\n')];
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}

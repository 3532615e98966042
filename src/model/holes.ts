import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import type { Document, DocumentName } from './revision.ts';

/**
 * The places that a revision leaves open, `@{boot.mac}`: known only when a machine boots. The list is closed but for
 * `@{secret.NAME}`, and filling is substitution without logic. `sample` stands in where a template is checked without a
 * machine. An address of a document is one with a token if the document is secret.
 */
export const HOLES = {
  'boot.url.base': {
    meaning: 'The address of the site for this machine, without a slash at its end.',
    sample: 'http://192.0.2.1',
  },
  'boot.url.nocloud': {
    meaning: 'Where this machine finds its NoCloud documents; ends with a slash, as cloud-init 22.4 needs it.',
    sample: 'http://192.0.2.1/nocloud/52:54:00:00:00:01/',
  },
  'boot.url.talos': {
    meaning: 'The Talos machine configuration of this machine, for `talos.config=`.',
    sample: 'http://192.0.2.1/documents/52-54-00-00-00-01/talos',
  },
  'boot.url.ignition': {
    meaning: 'The Ignition configuration of this machine, for `ignition.config.url=`.',
    sample: 'http://192.0.2.1/documents/52-54-00-00-00-01/ignition',
  },
  'boot.url.preseed': {
    meaning: 'The answers of this machine for the Debian installer, for `url=`.',
    sample: 'http://192.0.2.1/documents/52-54-00-00-00-01/preseed',
  },
  'boot.url.kickstart': {
    meaning: 'The kickstart file of this machine, for `inst.ks=`.',
    sample: 'http://192.0.2.1/documents/52-54-00-00-00-01/kickstart',
  },
  'boot.url.report': {
    meaning:
      'Where this machine reports, with a slash at the end: `POST @{boot.url.report}phone-home`. Only in a document with `secret: true`.',
    sample: 'http://192.0.2.1/r/TOKEN/',
  },
  'boot.url.registry': {
    meaning:
      'The mirror of images for this machine, without a slash at its end; there while the template has `images`.',
    sample: 'http://192.0.2.1:5000',
  },
  'boot.registryHost': {
    meaning:
      'Host and port of the mirror of images, as names of images have it: `@{boot.registryHost}/docker.io/library/debian`.',
    sample: '192.0.2.1:5000',
  },
  'boot.mac': {
    meaning: 'The MAC address that the machine booted from, lower-case with colons.',
    sample: '52:54:00:00:00:01',
  },
  'boot.serverAddress': { meaning: 'The IPv4 address of the site in the network of the machine.', sample: '192.0.2.1' },
} as const satisfies Record<string, { readonly meaning: string; readonly sample: string }>;

export type HoleName = keyof typeof HOLES;

/** Places that are the address of a document, and whose. A seed of NoCloud has its secrets in user-data. */
export const DOCUMENT_HOLES = {
  'boot.url.nocloud': 'user-data',
  'boot.url.talos': 'talos',
  'boot.url.ignition': 'ignition',
  'boot.url.preseed': 'preseed',
  'boot.url.kickstart': 'kickstart',
} as const satisfies Partial<Record<HoleName, string>>;

/** A place with a token in it: whoever reads the text may report in the name of its machine. */
export const TOKEN_HOLE = 'boot.url.report' satisfies HoleName;

type Optional = Exclude<keyof typeof DOCUMENT_HOLES, 'boot.url.nocloud'> | typeof TOKEN_HOLE;

/** An address that is not given cannot be filled in: the texts that ask for it fail with a sentence. */
export type HoleValues = Readonly<Record<Exclude<HoleName, Optional>, string> & Partial<Record<Optional, string>>>;

/**
 * Where a text goes. `cmdline`: the kernel's command line. `yaml`: a document for the booted system. `json`: an Ignition
 * configuration. `text`: answers for an installer, line by line. `ipxe`: a loader script.
 */
export type HoleTarget = 'cmdline' | 'yaml' | 'json' | 'text' | 'ipxe';

/** How the places of each document are filled in: by what its reader takes for special characters. */
export const DOCUMENT_TARGETS = {
  'user-data': 'yaml',
  'network-config': 'yaml',
  talos: 'yaml',
  ignition: 'json',
  preseed: 'text',
  kickstart: 'text',
} as const satisfies Record<DocumentName, HoleTarget>;

/** A hole as it is written. `closed` false: the `}` is missing on its line. `offset` counts UTF-16 units from the start. */
export type Hole = { readonly name: string; readonly offset: number; readonly closed: boolean };

/** `@@{` is how a text says `@{` itself. */
const pattern = /@@\{|@\{([^{}\r\n]*)(\}?)/g;

/** Characters that mean nothing to a shell-less kernel command line, to iPXE or inside a YAML scalar. */
const harmless = /^[A-Za-z0-9._~:/?&=%+,@-]*$/;

/** What a secret may have where it stands in the middle of a line: also a password as crypt(3) writes it. */
const harmlessSecret = /^[A-Za-z0-9._~:/?&=%+,@$!*^-]*$/;

/** All holes of a text in order, known or not. */
export function findHoles(text: string): readonly Hole[] {
  return [...text.matchAll(pattern)]
    .filter((match) => match[0] !== '@@{')
    .map((match) => ({ name: match[1] ?? '', offset: match.index, closed: match[2] === '}' }));
}

/** True for a name of the closed list. */
export function isHoleName(name: string): name is HoleName {
  return Object.hasOwn(HOLES, name);
}

/** `joinToken` of the hole `secret.joinToken`; undefined for any other hole. */
export function secretNameOf(hole: string): string | undefined {
  return /^secret\.([A-Za-z][A-Za-z0-9_]*)$/.exec(hole)?.[1];
}

/** The secrets that a text asks for, each once. */
export function secretsIn(text: string): readonly string[] {
  return [...new Set(findHoles(text).flatMap(({ name, closed }) => (closed ? (secretNameOf(name) ?? []) : [])))];
}

/** The secrets that the documents of a profile ask for, each once. */
export function secretsOf(documents: Readonly<Record<string, Document>>): readonly string[] {
  const asked = Object.values(documents).flatMap((one) => (one.kind === 'text' && one.fill ? secretsIn(one.text) : []));
  return [...new Set(asked)];
}

/** The values that stand in for a machine where a template is only checked; also for the secrets of these names. */
export function sampleHoleValues(secrets: readonly string[] = []): HoleValues & Readonly<Record<string, string>> {
  const samples = Object.fromEntries(Object.entries(HOLES).map(([name, { sample }]) => [name, sample]));
  const hidden = Object.fromEntries(secrets.map((name) => [`secret.${name}`, 'sample-of-a-secret']));
  return { ...(samples as Record<HoleName, string>), ...hidden };
}

/**
 * The text with every hole replaced by its value, escaped for where the text goes; `@@{` becomes `@{`.
 * In YAML a hole that is the whole value of a key or list item comes out in double quotes: to YAML 1.1 readers a bare
 * 52:54:00:00:00:01 is an integer. A script (`#!`) in a YAML document's place gets bare values.
 * A secret may be any text there, and where it is the whole of a JSON string; elsewhere it must not need escaping.
 * Fails with a sentence, which never has the value, for a hole without one and for one that could end a word or begin a
 * command.
 */
export function fillHoles(
  text: string,
  values: Readonly<Record<string, string | undefined>>,
  target: HoleTarget,
): Result<string, string> {
  let failure: string | undefined;
  const filled = text.replace(pattern, (written: string, name: string | undefined, close: string, offset: number) => {
    if (name === undefined) return '@{';
    const value = close === '}' && Object.hasOwn(values, name) ? values[name] : undefined;
    const end = offset + written.length;
    const escaped = value === undefined ? undefined : escapeValue(value, { text, offset, end, name, target });
    if (escaped === undefined) failure ??= complaint(written, value, target);
    return escaped ?? written;
  });
  return failure === undefined ? ok(filled) : err(failure);
}

type Spot = {
  readonly text: string;
  readonly offset: number;
  readonly end: number;
  readonly name: string;
  readonly target: HoleTarget;
};

/** undefined: it cannot stand there. */
function escapeValue(value: string, spot: Spot): string | undefined {
  const { text, offset, end, target } = spot;
  const isSecret = secretNameOf(spot.name) !== undefined;
  // A command line is read by everybody on the machine, and a script by everybody on the wire.
  if (isSecret && (target === 'cmdline' || target === 'ipxe')) return undefined;
  if (target === 'yaml' && !text.startsWith('#!') && isWholeScalar(text, offset, end))
    return isSecret ? JSON.stringify(value) : plainly(value, harmless, (plain) => `"${plain}"`);
  if (isSecret && target === 'json' && text[offset - 1] === '"' && text[end] === '"')
    return JSON.stringify(value).slice(1, -1);
  // In a script of a #! user-data a $ would begin a variable.
  const allowed = isSecret && !text.startsWith('#!') ? harmlessSecret : harmless;
  return plainly(value, allowed, (plain) => plain);
}

function plainly(value: string, allowed: RegExp, write: (plain: string) => string): string | undefined {
  return allowed.test(value) ? write(value) : undefined;
}

function complaint(written: string, value: string | undefined, target: HoleTarget): string {
  return value === undefined
    ? `nothing is known to fill ${written} with`
    : `the value of ${written} has characters that cannot stand in a ${target} text`;
}

/** `key: @{…}` and `- @{…}`, alone on the rest of their line. */
function isWholeScalar(text: string, start: number, end: number): boolean {
  const before = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  const lineEnd = text.indexOf('\n', end);
  const after = text.slice(end, lineEnd < 0 ? undefined : lineEnd);
  return /^\s*(- +)*(["']?[\w./-]+["']?: +|- +)$/.test(before) && /^\s*(#.*)?$/.test(after);
}

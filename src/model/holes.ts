import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';

/**
 * The places that a revision leaves open, `@{boot.mac}`: known only when a machine boots. The list is closed, and
 * filling is substitution without logic. `sample` stands in where a template is checked without a machine.
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
  'boot.mac': {
    meaning: 'The MAC address that the machine booted from, lower-case with colons.',
    sample: '52:54:00:00:00:01',
  },
  'boot.serverAddress': { meaning: 'The IPv4 address of the site in the network of the machine.', sample: '192.0.2.1' },
} as const satisfies Record<string, { readonly meaning: string; readonly sample: string }>;

export type HoleName = keyof typeof HOLES;
export type HoleValues = Readonly<Record<HoleName, string>>;

/** `cmdline`: the kernel's command line. `yaml`: a document for the booted system. `ipxe`: a loader script. */
export type HoleTarget = 'cmdline' | 'yaml' | 'ipxe';

/** A hole as it is written. `closed` false: the `}` is missing on its line. `offset` counts UTF-16 units from the start. */
export type Hole = { readonly name: string; readonly offset: number; readonly closed: boolean };

/** `@@{` is how a text says `@{` itself. */
const pattern = /@@\{|@\{([^{}\r\n]*)(\}?)/g;

/** Characters that mean nothing to a shell-less kernel command line, to iPXE or inside a YAML scalar. */
const harmless = /^[A-Za-z0-9._~:/?&=%+,@-]*$/;

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

/** The values that stand in for a machine where a template is only checked. */
export function sampleHoleValues(): HoleValues {
  return {
    'boot.url.base': HOLES['boot.url.base'].sample,
    'boot.url.nocloud': HOLES['boot.url.nocloud'].sample,
    'boot.mac': HOLES['boot.mac'].sample,
    'boot.serverAddress': HOLES['boot.serverAddress'].sample,
  };
}

/**
 * The text with every hole replaced by its value, escaped for where the text goes; `@@{` becomes `@{`.
 * In YAML a hole that is the whole value of a key or list item comes out in double quotes: to YAML 1.1 readers a bare
 * 52:54:00:00:00:01 is an integer. A script (`#!`) in a YAML document's place gets bare values.
 * Fails with a sentence for a hole without a value, and for a value that could end a word or begin a command.
 */
export function fillHoles(
  text: string,
  values: Readonly<Record<string, string>>,
  target: HoleTarget,
): Result<string, string> {
  let failure: string | undefined;
  const quoteWhole = target === 'yaml' && !text.startsWith('#!');
  const filled = text.replace(pattern, (written: string, name: string | undefined, close: string, offset: number) => {
    if (name === undefined) return '@{';
    const value = close === '}' && Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || !harmless.test(value)) {
      failure ??= complaint(written, value, target);
      return written;
    }
    return quoteWhole && isWholeScalar(text, offset, offset + written.length) ? `"${value}"` : value;
  });
  return failure === undefined ? ok(filled) : err(failure);
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

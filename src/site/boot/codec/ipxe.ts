import type { Brand } from '../../../kernel/brand.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';

/**
 * A word of a script that iPXE reads as one word and nothing else. iPXE splits a line at white space, ends a command at
 * a lone `||`, `&&` or `;`, skips what follows a `#` that begins a word, replaces `${…}`, and joins a line that ends in
 * a backslash with the next; there is no quoting. So every word is made by one of the functions below.
 */
export type Word = Brand<string, 'IpxeWord'>;

/** One command, with what happens when it succeeds or fails: a command that fails without `orElse` ends the script. */
export type Line =
  | {
      readonly kind: 'run';
      readonly words: readonly Word[];
      readonly andThen?: readonly Word[];
      readonly orElse?: readonly Word[];
    }
  | { readonly kind: 'label'; readonly name: Word }
  | { readonly kind: 'comment'; readonly text: string };

const MAX_SHOWN = 200;

/** A word of our own source text; throws a bug's error for anything that is not one plain word. */
export function word(text: string): Word {
  if (!/^[A-Za-z0-9_.:/=,-]+$/.test(text)) throw new Error(`${JSON.stringify(text)} is not a plain iPXE word`);
  return text as Word;
}

/** Several of them, as they are read: `words('iseq 1 2')`. */
export function words(text: string): Word[] {
  return text.split(' ').map(word);
}

/** A setting of iPXE as a word: `setting('serial', 'uristring')` is `${serial:uristring}`; it stays one word whatever it holds. */
export function setting(name: string, type?: string): Word {
  return `\${${word(name)}${type === undefined ? '' : `:${word(type)}`}}` as Word;
}

/** A setting whose name ends with the value of another one: `${pause${tries}}`. */
export function nested(prefix: string, inner: string): Word {
  return `\${${word(prefix)}${setting(inner)}}` as Word;
}

/** An absolute URL of our own; characters that iPXE or a URL would misread are escaped. */
export function url(base: string, path: string, query: readonly (readonly [string, Word])[] = []): Word {
  const tail = query.map(([name, value], i) => `${i === 0 ? '?' : '&'}${word(name)}=${value}`).join('');
  return `${escapeUrl(base)}${escapeUrl(path)}${tail}` as Word;
}

/** A value of ours inside a query. */
export function queryValue(text: string): Word {
  return escapeUrl(text).replaceAll(/[=+]/g, hexEscape) as Word;
}

/**
 * Text for a person's eyes, from anywhere: printable ASCII without the characters that mean something to iPXE, and
 * never an option of `echo`.
 */
export function shown(text: string): Word[] {
  const plain = text.slice(0, MAX_SHOWN).replace(/[^A-Za-z0-9 .,:+_()@%='!?<>[\]*/~^-]/g, '_');
  const parts = plain.split(' ').filter((part) => part !== '');
  return parts.map((part, i) => (i === 0 ? part.replace(/^-+/, '_') : part) as Word);
}

/**
 * Part of a kernel's command line, which must arrive as it was written: a sentence if iPXE would change it. Inner
 * blanks are kept as one blank each, which is what the kernel's own splitting makes of them too.
 */
export function kernelWords(text: string): Result<Word[], string> {
  if (!/^[\x20-\x7e]*$/.test(text)) return err(`${JSON.stringify(text)} has characters other than printable ASCII`);
  if (text.includes('${')) return err(`${JSON.stringify(text)} has "\${", which iPXE would replace`);
  const parts = text.split(' ').filter((part) => part !== '');
  const bad = parts.find((part) => ['||', '&&', ';'].includes(part) || part.startsWith('#') || part.endsWith('\\'));
  if (bad !== undefined) return err(`the word ${JSON.stringify(bad)} means something to iPXE itself`);
  return ok(parts as Word[]);
}

/** Words that `kernelWords` has let through before; throws a bug's error otherwise. */
export function plainWords(texts: readonly string[]): Word[] {
  return texts.flatMap((text) => {
    const checked = kernelWords(text);
    if (!checked.ok) throw new Error(checked.error);
    return checked.value;
  });
}

/** `command`, and what follows it; `orElse` of no words means that a failure does not matter. */
export function run(
  command: readonly Word[],
  next: { readonly andThen?: readonly Word[]; readonly orElse?: readonly Word[] } = {},
): Line {
  return { kind: 'run', words: command, ...next };
}

/** A line on the screen. */
export function echo(...text: readonly (readonly Word[])[]): Line {
  return { kind: 'run', words: [word('echo'), ...text.flat()] };
}

export function label(name: string): Line {
  return { kind: 'label', name: word(name) };
}

export function comment(text: string): Line {
  return { kind: 'comment', text };
}

/** The script as text; its first line is what makes it one. */
export function formatScript(lines: readonly Line[]): string {
  return `#!ipxe\n${lines.map((line) => `${formatLine(line)}\n`).join('')}`;
}

function formatLine(line: Line): string {
  switch (line.kind) {
    case 'label':
      return `:${line.name}`;
    case 'comment':
      return `# ${shown(line.text).join(' ')}`;
    case 'run': {
      const andThen = line.andThen ? ['&&', ...line.andThen] : [];
      const orElse = line.orElse ? ['||', ...line.orElse] : [];
      return [...line.words, ...andThen, ...orElse].join(' ');
    }
  }
}

/** Keeps the reserved characters of a URL and escapes all that is not of one; `$`, `{`, `#` and blanks among them. */
function escapeUrl(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^A-Za-z0-9._~:/@,=+-]/gu, (char) => encodeURIComponent(char).replace(/['()*!;&$?#[\]]/g, hexEscape));
}

function hexEscape(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

import type { Brand } from '../../../kernel/brand.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';

/**
 * A word of a script that GRUB reads as one word and nothing else. Its language is a small shell: blanks, `;`, `|`, `&`,
 * `<`, `>`, `#`, `{`, `}` and quotes mean something, `$` brings a variable in, a backslash protects the next character.
 * Between single quotes nothing means anything, up to the next one; between double quotes a variable stays one word,
 * whatever it holds, and its value is not read again. So every word is made by one of the functions below.
 */
export type GrubWord = Brand<string, 'GrubWord'>;

/** One or more lines of a script. */
export type GrubLine = Brand<string, 'GrubLine'>;

const MAX_SHOWN = 200;

/** Words of our own source text; throws a bug's error for anything that is not a plain word. */
export function grubWords(text: string): GrubWord[] {
  return text.split(' ').map((word) => {
    if (!/^[A-Za-z0-9_.:/=,!-]+$/.test(word)) throw new Error(`${JSON.stringify(word)} is not a plain word of GRUB`);
    return word as GrubWord;
  });
}

/** Any text as one word, as it is but for what no script can hold: control characters, and all that is not ASCII. */
export function literal(text: string): GrubWord {
  const plain = text.replace(/[^\x20-\x7e]/g, '_');
  return `'${plain.replaceAll("'", `'\\''`)}'` as GrubWord;
}

/** A path of our own source text in which `*` stands for anything: GRUB puts all that fit in its place. */
export function pattern(path: string): GrubWord {
  if (!/^\(\*\)[A-Za-z0-9/.*]+$/.test(path)) throw new Error(`${JSON.stringify(path)} is no pattern of paths`);
  return path as GrubWord;
}

/** The value of a variable as one word. */
export function variable(name: string): GrubWord {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a variable of GRUB`);
  return `"\${${name}}"` as GrubWord;
}

/** Several words that stand close together: one word. */
export function glued(...parts: readonly GrubWord[]): GrubWord {
  return parts.join('') as GrubWord;
}

/** Text for a person's eyes, from anywhere; never an option of `echo`. */
export function shownLiteral(text: string): GrubWord {
  return literal(text.slice(0, MAX_SHOWN).replace(/^[-\s]+/, ''));
}

/**
 * One word of a kernel's command line, which must arrive as it was written: a sentence if GRUB would change it. GRUB puts
 * a backslash before each of these characters (grub_create_loader_cmdline), and the kernel knows no backslash.
 */
export function grubKernelWords(text: string): Result<string[], string> {
  if (!/^[\x20-\x7e]*$/.test(text)) return err(`${JSON.stringify(text)} has characters other than printable ASCII`);
  if (/['"\\]/.test(text)) return err(`${JSON.stringify(text)} has a quote or a backslash, which GRUB would change`);
  return ok(text.split(' ').filter((part) => part !== ''));
}

/** A command; what it does is our own, its words may be anybody's. */
export function command(...words: readonly GrubWord[]): GrubLine {
  return words.join(' ') as GrubLine;
}

export function grubComment(text: string): GrubLine {
  return `# ${text.replace(/[^\x20-\x7e]/g, '_')}` as GrubLine;
}

/** `[ … ]`, a command that succeeds if what its words say is so. */
export function test(...words: readonly GrubWord[]): GrubLine {
  return `[ ${words.join(' ')} ]` as GrubLine;
}

/** A line on the screen. */
export function grubEcho(...words: readonly GrubWord[]): GrubLine {
  return command('echo' as GrubWord, ...words);
}

/** `set name=value`. */
export function assign(name: string, value: GrubWord): GrubLine {
  variable(name);
  return `set ${name}=${value}` as GrubLine;
}

/** `if condition; then … else … fi`. */
export function branch(condition: GrubLine, then: readonly GrubLine[], otherwise: readonly GrubLine[] = []): GrubLine {
  const tail = otherwise.length > 0 ? ['else', ...indented(otherwise)] : [];
  return [`if ${condition}; then`, ...indented(then), ...tail, 'fi'].join('\n') as GrubLine;
}

/** `for name in … ; do … done`. */
export function each(name: string, words: readonly GrubWord[], body: readonly GrubLine[]): GrubLine {
  variable(name);
  return [`for ${name} in ${words.join(' ')}; do`, ...indented(body), 'done'].join('\n') as GrubLine;
}

/** Again and again, until a `break` in it. */
export function forever(body: readonly GrubLine[]): GrubLine {
  return ['while true; do', ...indented(body), 'done'].join('\n') as GrubLine;
}

/** A function without parameters. GRUB knows it only once it has read its end: of half a file nothing is done. */
export function define(name: string, body: readonly GrubLine[]): GrubLine {
  variable(name);
  return [`function ${name} {`, ...indented(body), '}'].join('\n') as GrubLine;
}

/** The script as text. */
export function formatGrub(lines: readonly GrubLine[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function indented(lines: readonly GrubLine[]): string[] {
  return lines.flatMap((line) => line.split('\n').map((part) => `  ${part}`));
}

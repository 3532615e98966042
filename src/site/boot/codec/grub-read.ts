import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';

/** The words of a command as it would be carried out. */
export type GrubCommand = readonly string[];

const PIECE =
  /(?<gap>[ \t]+)|(?<end>[\n;])|'(?<literal>[^']*)'|"(?<text>(?:\\.|[^"\\])*)"|\\(?<escaped>[^\n])|(?<bare>[^\s'"\\;]+)/y;

/** What begins a part of a script, and what ends it. */
const ENDS: ReadonlyMap<string, string> = new Map([
  ['if', 'fi'],
  ['for', 'done'],
  ['while', 'done'],
  ['function', '}'],
]);
const ALL_ENDS: ReadonlySet<string> = new Set(ENDS.values());
const BETWEEN: ReadonlySet<string> = new Set(['then', 'else', 'elif', 'do']);

/**
 * The commands of a script that `codec/grub.ts` wrote, in the order in which they stand, wherever they stand: behind `if`
 * and within loops and functions, too. `variables`: what stands in them; all others are empty. Fails with a sentence if GRUB
 * could not read it to its end.
 */
export function readGrub(
  text: string,
  variables: Readonly<Record<string, string>> = {},
): Result<readonly GrubCommand[], string> {
  const lines = splitLines(text.replace(/^[ \t]*#.*$/gm, ''), variables);
  if (!lines.ok) return lines;
  const open: string[] = [];
  const commands: GrubCommand[] = [];
  for (const words of lines.value) {
    const command = inner(words, open);
    if (!command) return err(`${JSON.stringify(words[0])} stands where nothing was begun`);
    if (command.length > 0) commands.push(command);
  }
  return open.length > 0 ? err(`it ends before its ${open.at(-1)}`) : ok(commands);
}

/** A line without the words that only say when it is carried out; undefined: it ends what was not begun. */
function inner(words: GrubCommand, open: string[]): GrubCommand | undefined {
  const [first = '', ...rest] = words;
  const end = ENDS.get(first);
  if (end !== undefined) open.push(end);
  if (end === undefined && ALL_ENDS.has(first)) return open.pop() === first ? [] : undefined;
  if (first === 'for' || first === 'function') return [];
  return end !== undefined || BETWEEN.has(first) ? inner(rest, open) : words;
}

function splitLines(text: string, variables: Readonly<Record<string, string>>): Result<GrubCommand[], string> {
  const lines: string[][] = [[]];
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) lines.at(-1)?.push(word);
    word = undefined;
  };
  PIECE.lastIndex = 0;
  for (let at = 0; at < text.length; at = PIECE.lastIndex) {
    const groups = PIECE.exec(text)?.groups;
    if (!groups) return err(`a quote is not closed: ${JSON.stringify(text.slice(at, at + 40))}`);
    const { gap, end, literal, text: quoted, escaped, bare } = groups;
    if (gap !== undefined || end !== undefined) endWord();
    else word = (word ?? '') + (literal ?? escaped ?? filled(quoted ?? bare ?? '', variables));
    if (end !== undefined) lines.push([]);
  }
  endWord();
  return ok(lines.filter((line) => line.length > 0));
}

function filled(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => variables[name] ?? '');
}

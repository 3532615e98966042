import { fillHoles, sampleHoleValues } from '../model/holes.ts';
import type { CmdlineWord } from '../model/revision.ts';
import type { Context } from './context.ts';
import type { CmdlineAt } from './extends.ts';
import type { Path } from './places.ts';
import type { Scope } from './text.ts';

/** Linux on x86 reads 2048 bytes, newer ones 4096; what is behind them is lost without a word. */
const maxBytes = 4096;

/** `before`: words that stand in front of these, for the length of the whole. */
export type CmdlineWhere = {
  readonly path: Path;
  readonly scope: Scope;
  readonly slot: string;
  readonly before?: readonly CmdlineWord[];
};

/** The words of a command line in order, rendered for one slot, with their holes left open. */
export function compileCmdline(cmdline: CmdlineAt, where: CmdlineWhere, context: Context): readonly CmdlineWord[] {
  const words = [...cmdline].flatMap(([key, { value, path }]) => {
    // iPXE takes a lone ; && || and a leading # for its own, and the kernel ends a word at a blank.
    if (!/^[A-Za-z0-9_.-][A-Za-z0-9_.,:/@+-]*$/.test(key)) {
      context.problems.key(path, `"${key}" cannot be a word of a command line`);
      return [];
    }
    if (!Array.isArray(value)) return compileWord(key, value, path, where, context);
    return value.flatMap((item, index) => compileWord(key, item, [...path, index], where, context));
  });
  const sizeBytes = [...(where.before ?? []), ...words].reduce((sum, word) => sum + filledLength(word) + 1, 0);
  if (sizeBytes > maxBytes) {
    context.problems.key(where.path, `the command line has ${sizeBytes} bytes, at most ${maxBytes} are read`, {
      slot: where.slot,
    });
  }
  return words;
}

/** The words as one line, as a kernel reads them. */
export function formatCmdline(words: readonly CmdlineWord[]): string {
  return words.map(formatWord).join(' ');
}

function formatWord(word: CmdlineWord): string {
  return word.value === true ? word.key : `${word.key}=${word.value}`;
}

function compileWord(
  key: string,
  value: string | number | true,
  path: Path,
  where: { readonly scope: Scope; readonly slot: string },
  context: Context,
): readonly CmdlineWord[] {
  if (typeof value !== 'string') return [{ key, value: value === true ? true : String(value) }];
  const text = context.text(path, value, where.scope, where.slot);
  if (text === undefined) return [];
  const wrong = wrongValue(text);
  if (!wrong) return [{ key, value: text }];
  context.problems.value(path, wrong, { slot: where.slot });
  return [];
}

/** Why a text cannot be the value of a word; it may be empty. */
function wrongValue(text: string): string | undefined {
  const odd = /[^\x21-\x7e]|"/.exec(text)?.[0];
  if (odd === ' ') return 'a blank ends the word: the rest would be read as another one';
  if (odd !== undefined) return `${JSON.stringify(odd)} cannot stand in a command line`;
  if (text.includes('$\u007b')) return 'iPXE would put a setting of its own in place of $\u007b…}';
  const filled = fillHoles(text, sampleHoleValues(), 'cmdline');
  return filled.ok ? undefined : filled.error;
}

function filledLength(word: CmdlineWord): number {
  const filled = fillHoles(formatWord(word), sampleHoleValues(), 'cmdline');
  return filled.ok ? filled.value.length : 0;
}

/** How long a text a pattern is held against. */
export const MAX_MATCHED_LENGTH = 256;
/** In how many ways a pattern may try to read a text; each takes some nanoseconds, while the whole site waits. */
const MAX_WAYS = 2e7;

/**
 * Why a regular expression cannot be used: it is none, or it could take a text apart in so many ways that looking for
 * one keeps the site busy for ever, as `(a+)+` does. undefined: it can. Counts what the pattern allows, and so refuses
 * some that would be quick: a repeated group may hold nothing that is repeated, optional or a choice.
 */
export function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    return `this is no regular expression: ${(error as Error).message.replace(/^.*\/u: /, '')}`;
  }
  if (new Reader(pattern).ways() <= MAX_WAYS) return undefined;
  return 'this pattern could take for ever: repeat nothing that is itself repeated, optional or a choice';
}

/** Walks over a valid expression and counts ways: those of a sequence multiply, those of a choice add up. */
class Reader {
  readonly #pattern: string;
  #offset = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** Of all up to the end of the group. */
  ways(): number {
    let choices = 0;
    let sequence = 1;
    for (let char = this.#take(); char !== '' && char !== ')'; char = this.#take()) {
      if (char === '|') {
        choices += sequence;
        sequence = 1;
      } else sequence *= this.#repeated(this.#atom(char));
    }
    return choices + sequence;
  }

  #atom(char: string): number {
    if (char === '(') return this.ways();
    // What was found before is of any length: as good as one repetition more.
    if (char === '\\') return /[1-9k]/.test(this.#take()) ? MAX_MATCHED_LENGTH : 1;
    if (char === '[') this.#skipClass();
    return 1;
  }

  #skipClass(): void {
    for (let char = this.#take(); char !== ']' && char !== ''; char = this.#take()) if (char === '\\') this.#take();
  }

  #repeated(ways: number): number {
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.#pattern.slice(this.#offset));
    if (!found) return ways;
    this.#offset += found[0].length;
    const [text, least = '0', comma, most = ''] = found;
    if (text.startsWith('?')) return ways + 1;
    if (text.startsWith('{') && comma === '') return ways ** Number(least);
    if (text.startsWith('{') && most !== '') return (Number(most) - Number(least) + 1) * ways ** Number(most);
    return ways > 1 ? Number.POSITIVE_INFINITY : MAX_MATCHED_LENGTH;
  }

  #take(): string {
    return this.#pattern[this.#offset++] ?? '';
  }
}

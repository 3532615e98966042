/** A word as it stands in a script: text and variables, close together. */
export type GrubWord = readonly (string | { readonly variable: string })[];

export type GrubStatement =
  | { readonly kind: 'command'; readonly words: readonly GrubWord[] }
  | { readonly kind: 'if'; readonly condition: GrubBlock; readonly then: GrubBlock; readonly otherwise: GrubBlock }
  | { readonly kind: 'for'; readonly variable: string; readonly words: readonly GrubWord[]; readonly body: GrubBlock }
  | { readonly kind: 'while'; readonly condition: GrubBlock; readonly body: GrubBlock }
  | { readonly kind: 'function'; readonly name: string; readonly body: GrubBlock };
export type GrubBlock = readonly GrubStatement[];

/** `plain`: without quotes and variables, so that it may be a word of the language. */
type WordToken = { readonly kind: 'word'; readonly word: GrubWord; readonly plain: string | undefined };
type Token = WordToken | { readonly kind: 'end' };

const PIECE =
  /(?<blank>[ \t]+)|(?<end>[\n;])|'(?<single>[^']*)'|"(?<double>(?:\\.|[^"\\])*)"|\\(?<escaped>[^\n])|(?<bare>[^\s'"\\;]+)/y;

/**
 * As much of GRUB's language as our scripts use (docs/grub.texi, "Writing full configuration files directly").
 * @throws Error if GRUB could not read it: then it carries out nothing of it
 */
export function parseGrub(script: string): GrubBlock {
  const reader = new Reader(tokensOf(script.replace(/^[ \t]*#.*$/gm, '')));
  return reader.block([]);
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let word: WordToken | undefined;
  for (const piece of piecesOf(text)) {
    if (piece.kind === 'word') {
      word = joined(word, piece);
      continue;
    }
    if (word) tokens.push(word);
    word = undefined;
    if (piece.kind === 'end') tokens.push(piece);
  }
  return word ? [...tokens, word] : tokens;
}

function joined(word: WordToken | undefined, piece: WordToken): WordToken {
  if (!word) return piece;
  const isPlain = word.plain !== undefined && piece.plain !== undefined;
  const plain = isPlain ? `${word.plain}${piece.plain}` : undefined;
  return { kind: 'word', word: [...word.word, ...piece.word], plain };
}

/** Words are in as many pieces as they are quoted in. */
function* piecesOf(text: string): Generator<Token | { readonly kind: 'blank' }> {
  PIECE.lastIndex = 0;
  for (let at = 0; at < text.length; at = PIECE.lastIndex) {
    const groups = PIECE.exec(text)?.groups;
    if (!groups) throw new Error(`GRUB cannot read ${JSON.stringify(text.slice(at, at + 40))}`);
    yield pieceOf(groups);
  }
}

function pieceOf({ blank, end, single, double, escaped, bare }: Readonly<Record<string, string | undefined>>) {
  if (blank !== undefined) return { kind: 'blank' } as const;
  if (end !== undefined) return { kind: 'end' } as const;
  const plain = bare?.includes('$') ? undefined : bare;
  return { kind: 'word', word: partsOf(single ?? escaped, double ?? bare), plain } as const;
}

function partsOf(literal: string | undefined, open: string | undefined): GrubWord {
  if (literal !== undefined) return [literal];
  return (open ?? '').split(/(\$\{\w+\})/).flatMap((part): GrubWord => {
    const variable = /^\$\{(\w+)\}$/.exec(part)?.[1];
    return variable === undefined ? [part] : [{ variable }];
  });
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Statements up to one of these words, which is not taken. */
  block(ends: readonly string[]): GrubBlock {
    const statements: GrubStatement[] = [];
    for (;;) {
      while (this.#tokens[this.#at]?.kind === 'end') this.#at += 1;
      const next = this.#plain();
      const isOver = this.#at >= this.#tokens.length;
      if (isOver && ends.length > 0) throw new Error(`GRUB misses ${ends.join(' or ')}`);
      if (isOver || (next !== undefined && ends.includes(next))) return statements;
      statements.push(this.#statement(next));
    }
  }

  #statement(first: string | undefined): GrubStatement {
    switch (first) {
      case 'if':
        return this.#if();
      case 'for':
        return this.#for();
      case 'while': {
        this.#take('while');
        const condition = this.block(['do']);
        return { kind: 'while', condition, body: this.#body('do', 'done') };
      }
      case 'function': {
        this.#take('function');
        const name = this.#next();
        return { kind: 'function', name, body: this.#body('{', '}') };
      }
      case 'then':
      case 'else':
      case 'fi':
      case 'do':
      case 'done':
      case '}':
        throw new Error(`GRUB does not expect ${first}`);
      default:
        return { kind: 'command', words: this.#words() };
    }
  }

  #if(): GrubStatement {
    this.#take('if');
    const condition = this.block(['then']);
    this.#take('then');
    const then = this.block(['else', 'fi']);
    const hasElse = this.#plain() === 'else';
    if (hasElse) this.#take('else');
    const otherwise = hasElse ? this.block(['fi']) : [];
    this.#take('fi');
    return { kind: 'if', condition, then, otherwise };
  }

  #for(): GrubStatement {
    this.#take('for');
    const variable = this.#next();
    this.#take('in');
    const words = this.#words();
    while (this.#tokens[this.#at]?.kind === 'end') this.#at += 1;
    return { kind: 'for', variable, words, body: this.#body('do', 'done') };
  }

  #body(begin: string, end: string): GrubBlock {
    this.#take(begin);
    const body = this.block([end]);
    this.#take(end);
    return body;
  }

  #words(): readonly GrubWord[] {
    const words: GrubWord[] = [];
    for (let token = this.#tokens[this.#at]; token?.kind === 'word'; token = this.#tokens[this.#at]) {
      words.push(token.word);
      this.#at += 1;
    }
    return words;
  }

  #plain(): string | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === 'word' ? token.plain : undefined;
  }

  #next(): string {
    const word = this.#plain();
    if (word === undefined) throw new Error('GRUB expects a plain word');
    this.#at += 1;
    return word;
  }

  #take(wanted: string): void {
    const word = this.#next();
    if (word !== wanted) throw new Error(`GRUB expects ${wanted}, and there is ${word}`);
  }
}

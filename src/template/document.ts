import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import { type Path, type Spot, Spots } from './places.ts';
import { sortProblems, type TemplateProblem } from './problem.ts';

/** A file as it was read. `name` is what problems call it, and the folder of its documents. */
export type SourceFile = { readonly name: string; readonly text: string };

/** The plain value of a file, and where each part of it was written. */
export type ParsedFile = { readonly name: string; readonly value: unknown; readonly spots: Spots };

const maxBytes = 1024 * 1024;
/** What the parser can be given without keeping a site busy for seconds; a large template has a tenth of it. */
const maxTokens = 200_000;
/** An alias is written once and counts each time: a bomb of nested aliases ends here. */
const maxNodes = 50_000;
const maxAliases = 100;
const maxDepth = 32;

/**
 * Reads one YAML 1.2 document with the place of everything in it. Refused with a problem: files over 1 MiB, syntax
 * errors, a key written twice, several documents in a file, tags, keys that are no text, and numbers that would not
 * be read as they are written (`010`, `1.10`, `0x10`).
 */
export function parseYaml(source: SourceFile): Result<ParsedFile, readonly TemplateProblem[]> {
  const whole = { file: source.name, line: 1, column: 1, path: '' };
  // Every UTF-16 unit takes at least one byte, so this never lets through more than it says.
  if (source.text.length > maxBytes) return err([{ ...whole, message: 'the file is larger than 1 MiB' }]);
  if (hasTooManyTokens(source.text))
    return err([{ ...whole, message: `the file has more than ${maxTokens} words and signs` }]);
  return new FileReader(source).read();
}

class FileReader {
  readonly #source: SourceFile;
  readonly #lines = new LineCounter();
  readonly #problems: TemplateProblem[] = [];
  readonly #spots = new Spots();
  #document: Document | undefined;
  #nodes = 0;
  #aliases = 0;
  #full = false;

  constructor(source: SourceFile) {
    this.#source = source;
  }

  read(): Result<ParsedFile, readonly TemplateProblem[]> {
    const document = parseDocument(this.#source.text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      version: '1.2',
      strict: true,
      // The parser compares each key with each other; ours, in #map, takes one look.
      uniqueKeys: false,
      logLevel: 'error',
    });
    this.#document = document;
    // What follows the first error is mostly its echo.
    for (const problem of [...document.errors.slice(0, 1), ...document.warnings]) {
      this.#say(problem.pos[0], [], `${messageOf(problem.code, problem.message)}${this.#quoteHint(problem.pos[0])}`);
    }
    const value = this.#problems.length > 0 ? undefined : this.#value(document.contents, []);
    if (this.#problems.length > 0) return err(sortProblems(this.#problems));
    return ok({ name: this.#source.name, value, spots: this.#spots });
  }

  /** `{` begins a map in YAML: the error that people make most often here. */
  #quoteHint(offset: number): string {
    const { text } = this.#source;
    const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? '';
    return /\{\{|@\{/.test(line) ? '; a text with {{ … }} or @{…} needs quotes here' : '';
  }

  #value(node: unknown, path: Path): unknown {
    this.#nodes += 1;
    if (this.#full) return null;
    if (path.length > maxDepth) return this.#giveUp(`it is nested deeper than ${maxDepth} levels`);
    if (this.#nodes > maxNodes) return this.#giveUp(`it has more than ${maxNodes} entries, aliases counted each time`);
    if (isAlias(node)) return this.#value(this.#resolve(node), path);
    if (isMap(node)) return this.#map(node, path);
    if (isSeq(node)) {
      this.#spots.set(path, this.#spot(node));
      return node.items.map((item, index) => this.#value(item, [...path, index]));
    }
    return isScalar(node) ? this.#scalar(node, path) : null;
  }

  #resolve(alias: Alias): unknown {
    this.#aliases += 1;
    if (this.#aliases > maxAliases || !this.#document) return this.#giveUp(`it uses more than ${maxAliases} aliases`);
    return alias.resolve(this.#document) ?? this.#say(startOf(alias), [], `nothing above is named &${alias.source}`);
  }

  #giveUp(message: string): null {
    this.#full = true;
    return this.#say(0, [], message);
  }

  #map(map: YAMLMap, path: Path): Record<string, unknown> {
    this.#spots.set(path, this.#spot(map));
    const value: Record<string, unknown> = {};
    for (const pair of map.items) {
      const key = this.#key(pair.key, path);
      if (key === undefined) continue;
      if (Object.hasOwn(value, key)) this.#say(startOf(pair.key), path, `the key "${key}" is written twice in one map`);
      const below = [...path, key];
      if (isScalar(pair.key)) this.#spots.setKey(below, this.#spot(pair.key));
      value[key] = this.#value(pair.value, below);
    }
    return value;
  }

  /** A key as it was written: `0417` is a name, not the number 417. */
  #key(key: unknown, path: Path): string | undefined {
    const text = isScalar(key) ? (typeof key.value === 'string' ? key.value : (key.source ?? '')) : undefined;
    if (text === undefined || text === '')
      this.#say(startOf(key), path, `a key must be a plain text${this.#quoteHint(startOf(key))}`);
    // The one name that changes an object instead of adding to it.
    else if (text === '__proto__') this.#say(startOf(key), path, 'this name cannot be used as a key');
    else return text;
    return undefined;
  }

  #scalar(node: Scalar, path: Path): unknown {
    this.#spots.set(path, this.#spot(node));
    const { value, source } = node;
    if (typeof value === 'number' && source !== undefined && String(value) !== source.replace(/^\+/, '')) {
      return this.#say(startOf(node), path, `${source} would be read as ${value}: write it in quotes, or as ${value}`);
    }
    return typeof value === 'bigint' ? Number(value) : value;
  }

  #spot(node: Node): Spot {
    const offset = startOf(node);
    const { line, col } = this.#lines.linePos(offset);
    const place = { file: this.#source.name, line, column: col };
    return isScalar(node) ? { ...place, text: this.#textStart(node, offset, line, col) } : place;
  }

  /** Where the first character of a scalar's text lies, so that a place inside of it can be named. */
  #textStart(node: Scalar, offset: number, line: number, column: number): NonNullable<Spot['text']> {
    if (node.type === 'BLOCK_LITERAL') {
      const body = this.#source.text.slice(offset).split('\n').slice(1);
      const indent = body.find((row) => row.trim() !== '')?.search(/\S/) ?? 0;
      return { line: line + 1, column: indent + 1, indent };
    }
    const quoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
    return { line, column: column + (quoted ? 1 : 0), indent: 0 };
  }

  #say(offset: number, path: Path, message: string): null {
    const { line, col } = this.#lines.linePos(offset);
    this.#problems.push({
      file: this.#source.name,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      path: path.join('.'),
      message,
    });
    return null;
  }
}

function hasTooManyTokens(text: string): boolean {
  let count = 0;
  for (const _ of new Lexer().lex(text)) {
    count += 1;
    if (count > maxTokens) return true;
  }
  return false;
}

function startOf(node: unknown): number {
  return (isNode(node) ? node.range?.[0] : undefined) ?? 0;
}

/** The parser's own words for what people most often run into, in ours. */
function messageOf(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a file holds one document; this begins a second one';
  if (code === 'TAG_RESOLVE_FAILED') return 'tags (!name) are not used in templates';
  if (code === 'TAB_AS_INDENT') return 'YAML is indented with spaces, never with tabs';
  return `this is not valid YAML: ${message.split('\n')[0] ?? message}`;
}

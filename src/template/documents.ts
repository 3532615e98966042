import { LineCounter, parseDocument } from 'yaml';
import type { Result } from '../kernel/result.ts';
import { fillHoles, sampleHoleValues } from '../model/holes.ts';
import type { Document } from '../model/revision.ts';
import type { Context, Source } from './context.ts';
import type { At } from './extends.ts';
import { isMap } from './layers.ts';
import type { Path } from './places.ts';
import type { DocumentName, DocumentValue } from './schema-slots.ts';
import type { Scope } from './text.ts';

/** Reads a file by its path, which stands where the names of the template files stand; the error is a sentence. */
export type ReadFile = (path: string) => Result<string, string>;

/** A document as it was found: a text with the place of its errors, or written by Slipway. */
export type FoundDocument =
  | { readonly kind: 'text'; readonly source: Source; readonly render: boolean }
  | { readonly kind: 'interfaces' };

const maxChars = 256 * 1024;
/** Each text is parsed as its system would; this bounds how long a site is busy with it. */
const maxCheckedChars = 8 * 1024 * 1024;

/** Finds and renders documents, reading each file once. */
export class DocumentTexts {
  readonly #context: Context;
  readonly #readFile: ReadFile;
  readonly #files = new Map<string, Result<string, string>>();
  /** Most slots are given the same text. */
  readonly #checked = new Set<string>();
  #checkedChars = 0;

  constructor(context: Context, readFile: ReadFile) {
    this.#context = context;
    this.#readFile = readFile;
  }

  /** undefined: it cannot be used, and why has been said. */
  find(name: DocumentName, { value, path }: At<NonNullable<DocumentValue>>): FoundDocument | undefined {
    if (typeof value === 'string') return { kind: 'text', source: this.#context.source(path, value), render: true };
    if (value.secret === true) {
      return this.#wrong(
        [...path, 'secret'],
        'this version gives documents to anybody in the network: it cannot keep one secret',
      );
    }
    const given = (['file', 'text', 'from'] as const).filter((key) => value[key] !== undefined && value[key] !== null);
    if (given.length !== 1) return this.#wrong(path, 'expected exactly one of file, text and from');
    const render = value.render !== false;
    if (typeof value.text === 'string')
      return { kind: 'text', source: this.#context.source([...path, 'text'], value.text), render };
    if (typeof value.file === 'string') return this.#file([...path, 'file'], value.file, render);
    if (name === 'network-config') return { kind: 'interfaces' };
    return this.#wrong([...path, 'from'], 'only network-config can be written from interfaces');
  }

  /** The document for one slot: rendered, with its holes left open, and looked at as the booted system will. */
  compile(
    name: DocumentName,
    found: FoundDocument,
    where: { readonly scope: Scope; readonly slot: string },
  ): Document | undefined {
    if (found.kind === 'interfaces') return found;
    const { source, render } = found;
    if (!render) return { kind: 'text', text: source.text, fill: false };
    const text = this.#context.render(source, where.scope, where.slot);
    if (text === undefined) return undefined;
    if (!this.#checked.has(`${name} ${text}`)) this.#check(name, text, source, where.slot);
    return { kind: 'text', text, fill: true };
  }

  #check(name: DocumentName, text: string, source: Source, slot: string): void {
    this.#checked.add(`${name} ${text}`);
    this.#checkedChars += text.length;
    if (this.#checkedChars > maxCheckedChars) {
      source.say('all documents together render to more than 8 MiB of different texts');
      return;
    }
    const filled = fillHoles(text, sampleHoleValues(), 'yaml');
    if (!filled.ok) source.say(filled.error, undefined, slot);
    else checkYaml(name, filled.value, source, slot, text === source.text);
  }

  #file(path: Path, file: string, render: boolean): FoundDocument | undefined {
    const parts = file.split('/');
    const inside = /^[\w.+ /-]+$/.test(file) && !parts.some((part) => part === '' || part === '.' || part === '..');
    if (!inside)
      return this.#wrong(path, `expected a file beside the template or in a folder below it, found "${file}"`);
    const template = this.#context.problems.fileOf(path);
    const name = template.slice(0, template.lastIndexOf('/') + 1) + file;
    const read = this.#files.get(name) ?? this.#readFile(name);
    this.#files.set(name, read);
    if (!read.ok) return this.#wrong(path, read.error);
    if (read.value.length > maxChars) return this.#wrong(path, `${name} is larger than 256 KiB`);
    const say: Source['say'] = (message, inside = { row: 1, column: 1 }, slot) =>
      this.#context.problems.inFile({ file: name, line: inside.row, column: inside.column }, path, message, { slot });
    return { kind: 'text', source: { text: read.value, say }, render };
  }

  #wrong(path: Path, message: string): undefined {
    this.#context.problems.value(path, message);
    return undefined;
  }
}

/** cloud-init throws away a #cloud-config that is no YAML map, and boots on as if there were none. */
function checkYaml(name: DocumentName, text: string, source: Source, slot: string, sameLines: boolean): void {
  if (name === 'user-data' && !/^#cloud-config[ \t]*\r?(\n|$)/.test(text)) return;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
    logLevel: 'error',
  });
  const [error] = document.errors;
  const what = name === 'user-data' ? 'a #cloud-config' : 'a network-config';
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const inside = { row: Math.max(line, 1), column: Math.max(col, 1) };
    const message = `${what} must be valid YAML: ${error.message}`;
    if (sameLines) source.say(message, inside, slot);
    else source.say(`${message} (line ${inside.row} when rendered)`, undefined, slot);
    return;
  }
  const value: unknown = toPlain(document);
  // An empty user-data is nothing to do; over an empty network-config Talos stumbles for ever.
  const mayBeEmpty = name === 'user-data';
  if (!isMap(value) && !(mayBeEmpty && value === null)) source.say(`${what} must be a YAML map`, undefined, slot);
}

function toPlain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // The parser's word for aliases that name nothing or multiply without end.
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

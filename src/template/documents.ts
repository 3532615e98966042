import type { Result } from '../kernel/result.ts';
import type { Document, DocumentName } from '../model/revision.ts';
import type { Context, Source } from './context.ts';
import { checkDocument } from './document-formats.ts';
import type { At } from './extends.ts';
import type { Path } from './places.ts';
import type { DocumentValue } from './schema-slots.ts';
import type { Scope } from './text.ts';

/** Reads a file by its path, which stands where the names of the template files stand; the error is a sentence. */
export type ReadFile = (path: string) => Result<string, string>;

/** A document as it was found: a text with the place of its errors, or written by Slipway. */
export type FoundDocument =
  | { readonly kind: 'text'; readonly source: Source; readonly render: boolean; readonly secret: boolean }
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
    if (typeof value === 'string')
      return { kind: 'text', source: this.#context.source(path, value), render: true, secret: false };
    const given = (['file', 'text', 'from'] as const).filter((key) => value[key] !== undefined && value[key] !== null);
    if (given.length !== 1) return this.#wrong(path, 'expected exactly one of file, text and from');
    const kind = { render: value.render !== false, secret: value.secret === true };
    if (typeof value.text === 'string')
      return { kind: 'text', source: this.#context.source([...path, 'text'], value.text), ...kind };
    if (typeof value.file === 'string') return this.#file([...path, 'file'], value.file, kind);
    if (kind.secret) return this.#wrong([...path, 'secret'], 'what is written from interfaces has no secrets');
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
    const { source, render, secret } = found;
    if (!render) return { kind: 'text', text: source.text, fill: false, secret };
    const text = this.#context.render(source, where.scope, where.slot);
    if (text === undefined) return undefined;
    if (!this.#checked.has(`${name} ${text}`)) this.#check(name, text, source, where.slot);
    return { kind: 'text', text, fill: true, secret };
  }

  #check(name: DocumentName, text: string, source: Source, slot: string): void {
    this.#checked.add(`${name} ${text}`);
    this.#checkedChars += text.length;
    if (this.#checkedChars > maxCheckedChars) {
      source.say('all documents together render to more than 8 MiB of different texts');
      return;
    }
    checkDocument(name, text, source, slot);
  }

  #file(
    path: Path,
    file: string,
    kind: { readonly render: boolean; readonly secret: boolean },
  ): FoundDocument | undefined {
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
    return { kind: 'text', source: { text: read.value, say }, ...kind };
  }

  #wrong(path: Path, message: string): undefined {
    this.#context.problems.value(path, message);
    return undefined;
  }
}

import type { Place, TemplateProblem } from './problem.ts';

export type Path = readonly (string | number)[];

/** A place, and for a scalar where its text begins; `indent` columns are cut from each line of a block text. */
export type Spot = Place & {
  readonly text?: { readonly line: number; readonly column: number; readonly indent: number };
};

/** Row and column inside a text, both from 1. */
export type Inside = { readonly row: number; readonly column: number };

type Entry = { readonly key?: Spot; readonly value?: Spot };

/** Where everything of a document was written, by path. */
export class Spots {
  readonly #entries = new Map<string, Entry>();

  set(path: Path, value: Spot): void {
    this.#entries.set(nameOf(path), { ...this.#entries.get(nameOf(path)), value });
  }

  setKey(path: Path, key: Spot): void {
    this.#entries.set(nameOf(path), { ...this.#entries.get(nameOf(path)), key });
  }

  /** Takes over what another layer says of a path and of all below it. */
  adopt(path: Path, from: Spots): void {
    const prefix = `${nameOf(path)}\u0000`;
    for (const name of this.#entries.keys()) {
      if (name.startsWith(prefix)) this.#entries.delete(name);
    }
    for (const [name, entry] of from.#entries) {
      if (name === nameOf(path) || name.startsWith(prefix)) this.#entries.set(name, entry);
    }
  }

  /** The value at a path, or else the nearest thing around it that was written. */
  valueAt(path: Path): Spot | undefined {
    for (let length = path.length; length >= 0; length--) {
      const entry = this.#entries.get(nameOf(path.slice(0, length)));
      const spot = length === path.length ? entry?.value : (entry?.key ?? entry?.value);
      if (spot) return spot;
    }
    return undefined;
  }

  keyAt(path: Path): Spot | undefined {
    return this.#entries.get(nameOf(path))?.key ?? this.valueAt(path);
  }
}

/** What a problem may say besides its message. */
export type Details = { readonly expected?: string; readonly found?: string; readonly slot?: string | undefined };

/** Collects problems, knowing where each path was written. */
export class Problems {
  readonly #list: TemplateProblem[] = [];
  readonly #spots: Spots;
  readonly #fallback: string;

  /** `fallback` is the file that is named for what is written nowhere. */
  constructor(spots: Spots, fallback: string) {
    this.#spots = spots;
    this.#fallback = fallback;
  }

  get list(): readonly TemplateProblem[] {
    return this.#list;
  }

  get count(): number {
    return this.#list.length;
  }

  /** A problem with the value at a path; `inside` names a row and column of its text. */
  value(path: Path, message: string, details: Details = {}, inside?: Inside): void {
    const spot = this.#spots.valueAt(path);
    this.#add(spot && inside ? within(spot, inside) : spot, path, message, details);
  }

  /** A problem with the key at a path. */
  key(path: Path, message: string, details: Details = {}): void {
    this.#add(this.#spots.keyAt(path), path, message, details);
  }

  /** A problem in another file, such as a document. */
  inFile(place: Place, path: Path, message: string, details: Details = {}): void {
    this.#add(place, path, message, details);
  }

  /** The file that says what is at a path. */
  fileOf(path: Path): string {
    return this.#spots.valueAt(path)?.file ?? this.#fallback;
  }

  #add(place: Place | undefined, path: Path, message: string, details: Details): void {
    const { file, line, column } = place ?? { file: this.#fallback, line: 1, column: 1 };
    const { slot, ...rest } = details;
    const slots = slot === undefined ? {} : { slots: [slot] };
    this.#list.push({ file, line, column, path: path.join('.'), message, ...rest, ...slots });
  }
}

/** A place inside of a scalar's text. Escapes and folded lines are not followed: the line is right, the column near. */
function within(spot: Spot, inside: Inside): Place {
  if (!spot.text) return spot;
  const first = inside.row === 1;
  return {
    file: spot.file,
    line: spot.text.line + inside.row - 1,
    column: (first ? spot.text.column : spot.text.indent + 1) + inside.column - 1,
  };
}

function nameOf(path: Path): string {
  return path.join('\u0000');
}

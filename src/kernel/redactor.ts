/** Takes secrets out of texts that somebody may read. It knows those that it was told of. */
export interface Redactor {
  /** From now on this value is taken out. Shorter than six characters is kept: it would tear holes into ordinary words. */
  learn(secret: string): void;
  redact(text: string): string;
  /** The same of all texts inside of a plain value, keys of maps left as they are. */
  redactAll<T>(value: T): T;
}

const HIDDEN = '[hidden]';
const SHORTEST = 6;
/** Lines of a key or certificate are long; its head and foot are the same in all of them. */
const SHORTEST_LINE = 16;
/** A site has a handful. Values that were changed since stay known; those that were not used for longest go first. */
const MOST = 1_000;

export function createRedactor(): Redactor {
  const known = new Map<string, readonly string[]>();
  /** All forms by their first letters, the longest first: a text costs the same however many there are. */
  let byStart: ReadonlyMap<string, readonly string[]> = new Map();

  function learn(secret: string): void {
    const forms = known.get(secret);
    known.delete(secret);
    known.set(secret, forms ?? formsOf(secret).filter((form) => form.length >= SHORTEST));
    for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - MOST))) known.delete(oldest);
    if (!forms) byStart = sortByStart([...known.values()].flat());
  }

  function lengthAt(text: string, from: number): number {
    const forms = byStart.get(text.slice(from, from + SHORTEST)) ?? [];
    return forms.find((form) => text.startsWith(form, from))?.length ?? 0;
  }

  function redact(text: string): string {
    let clean = '';
    let end = 0;
    for (let from = 0; from + SHORTEST <= text.length; from++) {
      const length = lengthAt(text, from);
      if (length === 0) continue;
      if (from >= end) clean += text.slice(end, from) + HIDDEN;
      end = Math.max(end, from + length);
    }
    return clean + text.slice(end);
  }

  function redactAll(value: unknown): unknown {
    if (typeof value === 'string') return redact(value);
    if (Array.isArray(value)) return value.map(redactAll);
    const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    if (!isPlain) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactAll(inner)]));
  }

  return {
    learn,
    redact,
    redactAll: <T>(value: T): T => redactAll(value) as T,
  };
}

/** As it is, as it stands in JSON, in an address and in one line; of several lines also each. */
function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'));
  const inJson = JSON.stringify(secret).slice(1, -1);
  // As the rooms show what came with line ends.
  const inLine = secret.replace(/\p{Cc}+/gu, ' ').trim();
  return [...new Set([secret, inJson, inAddress(secret), inLine, ...(lines.length > 1 ? lines : [])])];
}

function sortByStart(forms: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const byStart = new Map<string, string[]>();
  for (const form of [...new Set(forms)].sort((a, b) => b.length - a.length)) {
    const start = form.slice(0, SHORTEST);
    const same = byStart.get(start);
    if (same) same.push(form);
    else byStart.set(start, [form]);
  }
  return byStart;
}

function inAddress(secret: string): string {
  // A lone half of a surrogate pair has no such form.
  return secret.isWellFormed() ? encodeURIComponent(secret) : secret;
}

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
/** A site has a handful. Values that were changed since stay known, the oldest go first. */
const MOST = 1_000;

export function createRedactor(): Redactor {
  const known = new Set<string>();
  let ordered: readonly string[] = [];

  function redact(text: string): string {
    let clean = text;
    for (const secret of ordered) if (clean.includes(secret)) clean = clean.replaceAll(secret, HIDDEN);
    return clean;
  }

  function redactAll(value: unknown): unknown {
    if (typeof value === 'string') return redact(value);
    if (Array.isArray(value)) return value.map(redactAll);
    const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    if (!isPlain) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactAll(inner)]));
  }

  return {
    learn: (secret) => {
      const forms = formsOf(secret).filter((form) => form.length >= SHORTEST && !known.has(form));
      for (const form of forms) known.add(form);
      for (const oldest of [...known].slice(0, Math.max(0, known.size - MOST))) known.delete(oldest);
      // A secret that contains another one goes first, or the rest of it would stay.
      if (forms.length > 0) ordered = [...known].sort((a, b) => b.length - a.length);
    },
    redact,
    redactAll: <T>(value: T): T => redactAll(value) as T,
  };
}

/** As it is, and as it stands in JSON and in an address; of several lines also each. */
function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'));
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [...new Set([secret, inJson, inAddress(secret), ...(lines.length > 1 ? lines : [])])];
}

function inAddress(secret: string): string {
  // A lone half of a surrogate pair has no such form.
  return secret.isWellFormed() ? encodeURIComponent(secret) : secret;
}

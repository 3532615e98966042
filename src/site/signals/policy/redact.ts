/** What stands in for what must not be read. */
const HIDDEN = '…';

/**
 * Places in the lines of a booting system where secrets stand: the system prints its own command line, the addresses
 * that it asks and the requests that failed. Rather one word too many is hidden than one too few.
 */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // The documents and reports of one machine lie below a token.
  [/(\/[tr]\/)[\w.~-]{8,}/g, `$1${HIDDEN}`],
  // User and password in an address.
  [/(:\/\/)[^\s/@"']+@/g, `$1${HIDDEN}@`],
  // A whole configuration, written into the command line.
  [/(talos\.config\.(?:inline|early)=)\S+/gi, `$1${HIDDEN}`],
  [/(authorization:\s*(?:bearer|basic)\s+|\b(?:bearer|basic)\s+)[\w+/=.~-]{8,}/gi, `$1${HIDDEN}`],
  [
    /((?:token|passw(?:or)?d|passphrase|secret|apikey|api_key|private_key|credential)s?["']?\s*[=:]\s*["']?)[^\s"'&,;}]+/gi,
    `$1${HIDDEN}`,
  ],
  [/-----BEGIN [^-]*PRIVATE KEY-----.*/g, HIDDEN],
];

/** A received line without the secrets that are known by their place. */
export function redact(line: string): string {
  return SECRETS.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line);
}

const MAX_LETTERS = 400;

/** A received text as it may be shown: without secrets, control characters and those that turn a line around, and not longer than a person reads. */
export function showable(line: string): string {
  const plain = redact(line)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ')
    .trim();
  // Whole words: who knows the secrets by their text looks for them later, and half of one would not be found.
  return plain.length > MAX_LETTERS ? `${plain.slice(0, MAX_LETTERS + 1).replace(/\S*$/, '')}…` : plain;
}

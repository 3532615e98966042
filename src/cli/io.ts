/** What a command may touch of the terminal; tests hand in their own. */
export type CliIo = {
  write(text: string): void;
  writeError(text: string): void;
};

export const processIo: CliIo = {
  write: (text) => void process.stdout.write(harmless(text)),
  writeError: (text) => void process.stderr.write(harmless(text)),
};

/**
 * The text without what a terminal obeys: escape sequences, and signs that turn the direction of writing. Machines say
 * what they like of themselves, and a template may quote anything; the last door is here.
 */
export function harmless(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '\ufffd');
}

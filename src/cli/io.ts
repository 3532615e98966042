/** What a command may touch of the terminal; tests hand in their own. */
export type CliIo = {
  write(text: string): void;
  writeError(text: string): void;
};

export const processIo: CliIo = {
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
};

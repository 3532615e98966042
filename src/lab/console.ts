import { AppError } from '../kernel/errors.ts';

/** What a machine writes on its serial console, as text without control sequences, kept from its first line. */
export type Console = {
  /** Every line so far and those to come, until the machine is off. Any number of readers, each from the beginning. */
  lines(): AsyncIterable<string>;
  /**
   * The first line, past or to come, that matches.
   * @throws AppError `lab-failed` after `timeoutMs`, or when the machine is off, with the last lines it wrote
   */
  waitFor(pattern: RegExp, timeoutMs: number): Promise<string>;
};

/** The writing end of a console. */
export type ConsoleWriter = { line(text: string): void; end(): void };

/** Firmware draws its screen with control sequences and carriage returns; a line is what a person would read. */
export function plainLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/\x1b(\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|[=>c78])/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}

/** A console that holds what is written to it. */
export function createConsole(): Console & ConsoleWriter {
  const kept: string[] = [];
  let isEnded = false;
  let wake = Promise.withResolvers<void>();
  const tell = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };

  async function* lines(): AsyncGenerator<string> {
    for (let index = 0; ; ) {
      for (let line = kept[index]; line !== undefined; line = kept[index]) {
        index++;
        yield line;
      }
      if (isEnded) return;
      await wake.promise;
    }
  }

  return {
    lines,
    line(text) {
      kept.push(plainLine(text));
      tell();
    },
    end() {
      isEnded = true;
      tell();
    },
    async waitFor(pattern, timeoutMs) {
      const found = await firstMatch(lines(), pattern, timeoutMs);
      if ('line' in found) return found.line;
      const lastWords = kept.slice(-10).join('\n');
      throw new AppError(
        'lab-failed',
        `The console did not say ${pattern} (${found.because}). Its last lines:\n${lastWords}`,
      );
    },
  };
}

type Found = { readonly line: string } | { readonly because: string };

async function firstMatch(lines: AsyncIterable<string>, pattern: RegExp, timeoutMs: number): Promise<Found> {
  const timeout = Promise.withResolvers<Found>();
  const timer = setTimeout(() => timeout.resolve({ because: `waited ${timeoutMs} ms` }), timeoutMs);
  const search = async (): Promise<Found> => {
    for await (const line of lines) if (pattern.test(line)) return { line };
    return { because: 'the machine is off' };
  };
  try {
    return await Promise.race([search(), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

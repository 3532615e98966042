import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AppError } from '../kernel/errors.ts';

/** A program and its arguments; never goes through a shell. */
export type Argv = readonly [program: string, ...rest: string[]];

/** Where progress goes that a person may want to see: one line at a time, without line ends. */
export type Report = (line: string) => void;

export type CommandOptions = {
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Hears every line of both outputs as it comes. */
  readonly onLine?: Report;
  /** Ends the command early. */
  readonly signal?: AbortSignal;
};

const LAST_WORDS = 12;
const QUOTED_CHARACTERS = 160;

/**
 * Runs a command to its end and gives its standard output.
 * @throws AppError `tool-missing` if there is no such program, `lab-failed` (with the last lines it wrote) if it fails.
 */
export async function run(argv: Argv, options: CommandOptions = {}): Promise<string> {
  const child = start(argv, options);
  const output: string[] = [];
  const lastWords: string[] = [];
  const hear = (line: string) => {
    options.onLine?.(line);
    lastWords.push(line);
    if (lastWords.length > LAST_WORDS) lastWords.shift();
  };
  eachLine(child.stdout, (line) => {
    output.push(line);
    hear(line);
  });
  eachLine(child.stderr, hear);
  const failure = await ended(argv, child);
  if (failure) throw new AppError('lab-failed', [failure, ...lastWords].join('\n'));
  return output.join('\n');
}

/** The environment that lab tools see: Debian keeps many of them in sbin, which a user's PATH lacks. */
export function toolEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const path = `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;
  return { ...process.env, PATH: path, LC_ALL: 'C.UTF-8', ...extra };
}

/**
 * The same command, killed by the kernel when the thread that started it ends, however that happens: a killed lab
 * leaves nothing behind.
 */
export function tied(argv: Argv, signal: 'KILL' | 'TERM' = 'KILL'): Argv {
  return ['setpriv', '--pdeathsig', signal, '--', ...argv];
}

/** Calls `hear` for each line of a stream; line ends are LF or CR LF. */
export function eachLine(stream: NodeJS.ReadableStream | null, hear: Report): void {
  if (stream) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', hear);
}

function start(argv: Argv, options: CommandOptions): ChildProcess {
  const [program, ...rest] = argv;
  return spawn(program, rest, {
    env: toolEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

/** Waits for the end of both the program and its outputs; the answer says what went wrong, if anything did. */
function ended(argv: Argv, child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(cannotStart(argv, cause)));
    child.once('close', (status, signal) => {
      resolve(status === 0 ? undefined : `${shortened(argv)} ended with ${signal ?? `status ${status}`}`);
    });
  });
}

/** What a failed start means: ENOENT is a program that is not there. */
export function cannotStart(argv: Argv, cause: Error & { code?: string }): AppError {
  const missing = cause.code === 'ENOENT';
  const message = missing ? `${argv[0]} is not installed` : `${argv[0]} could not be run`;
  return new AppError(missing ? 'tool-missing' : 'lab-failed', message, { cause });
}

/** A command as a message quotes it; some carry whole scripts as arguments. */
function shortened(argv: Argv): string {
  const text = argv.join(' ');
  return text.length > QUOTED_CHARACTERS ? `${text.slice(0, QUOTED_CHARACTERS)}…` : text;
}

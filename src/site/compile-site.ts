import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { sha256OfText } from '../adapters/node/hash.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { compileTemplate } from '../template/compile.ts';
import { formatProblem, type Place } from '../template/problem.ts';
import type { StandaloneConfig } from './config.ts';
import type { Compiled } from './revisions.ts';

const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** What a compilation needs, as plain data: it may go to another thread. */
export type CompileJob = Pick<StandaloneConfig, 'template' | 'site' | 'vars'> & {
  /** Where the site file gives a value to a variable. */
  readonly varPlaces: ReadonlyMap<string, Place | undefined>;
  readonly number: number;
};

export function jobOf({ template, site, vars, varAt }: StandaloneConfig, number: number): CompileJob {
  const varPlaces = new Map(Object.keys(vars).map((name) => [name, varAt(name)]));
  return { template, site, vars, varPlaces, number };
}

/** Compiles the template files of a site as they lie on the disk now. A file that cannot be read is a problem like any other. */
export function compileSite(config: StandaloneConfig, number: number): Compiled {
  return compileJob(jobOf(config, number));
}

/** As `compileSite`; `onRead` hears of each further file before it is read. */
export function compileJob(job: CompileJob, onRead: (path: string) => void = () => undefined): Compiled {
  const { template, site, vars, varPlaces, number } = job;
  const read = new Set<string>([template]);
  const text = readTemplateFile(template);
  if (!text.ok) return { outcome: err([text.error]), files: [...read] };
  const outcome = compileTemplate({
    files: [{ name: template, text: text.value }],
    site: { name: site, vars, at: (name) => varPlaces.get(name) },
    number,
    readFile: (path) => {
      read.add(path);
      onRead(path);
      return readTemplateFile(path);
    },
    sha256: sha256OfText,
  });
  return { outcome: outcome.ok ? outcome : err(outcome.error.map(formatProblem)), files: [...read] };
}

/** Text of a template file or document; the error is a sentence. Small files, read at start and when one changed. */
export function readTemplateFile(path: string): Result<string, string> {
  try {
    const bytes = readSmallFile(path);
    if (typeof bytes === 'string') return err(`${path} ${bytes}`);
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof TypeError) return err(`${path} is not text in UTF-8`);
    return err(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/** The bytes, or why not: a pipe would be waited for and a device read without end, and the whole site with it. */
function readSmallFile(path: string): Buffer | string {
  // Without O_NONBLOCK the opening of a pipe already waits for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) return 'is not a file';
    return found.size > MAX_DOCUMENT_BYTES ? 'is larger than 1 MiB' : readFileSync(file);
  } finally {
    closeSync(file);
  }
}

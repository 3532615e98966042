import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import { FLEET_FILE, type Fleet, readFleet } from '../template/fleet.ts';
import { formatProblem, type TemplateProblem } from '../template/problem.ts';

/** How files are read and listed; tests hand in their own. */
export type FleetDisk = {
  readonly readFile: (path: string) => Result<string, string>;
  /** The names in a folder; none if there is no such folder. */
  readonly list: (path: string) => readonly string[];
};

/** The names of the files in a folder of the disk. */
export function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]));
  } catch {
    return [];
  }
}

/** Whether a folder is a fleet directory. */
export function isFleetDir(path: string, disk: FleetDisk): boolean {
  return disk.list(path).includes(FLEET_FILE);
}

/** Reads a fleet directory; paths in it, also those of problems, begin there. `onRead` hears of each file that was read. */
export function openFleet(
  dir: string,
  { readFile, list }: FleetDisk,
  onRead: (name: string, text: string) => void = () => undefined,
): Result<Fleet, readonly TemplateProblem[]> {
  const layers = ['groups', 'sites'].flatMap((folder) => list(join(dir, folder)).map((name) => `${folder}/${name}`));
  return readFleet({
    names: [...list(dir), ...layers].filter((name) => !name.startsWith('.')),
    readFile: (name) => {
      const text = readFile(join(dir, name));
      if (text.ok) onRead(name, text.value);
      return text;
    },
  });
}

/** As `openFleet`, for commands that need one without faults. @throws AppError `template-invalid` */
export function openGoodFleet(dir: string, disk: FleetDisk, onRead?: (name: string, text: string) => void): Fleet {
  const fleet = openFleet(dir, disk, onRead);
  if (!fleet.ok) throw problemsError(dir, fleet.error);
  return fleet.value;
}

/** The problems as one failure of a command. */
export function problemsError(dir: string, problems: readonly TemplateProblem[]): AppError {
  return new AppError('template-invalid', problems.map((problem) => formatProblem(inDir(dir, problem))).join('\n'));
}

/** A problem with the path of its file as it is from here. */
export function inDir(dir: string, problem: TemplateProblem): TemplateProblem {
  return { ...problem, file: join(dir, problem.file) };
}

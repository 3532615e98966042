import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Fleet, type FleetFiles, readFleet } from '../../src/template/fleet.ts';
import { formatProblem } from '../../src/template/problem.ts';
import { filesOf } from './sample-template.ts';

const FOLDER = new URL('../../templates/fleets/retail/', import.meta.url).pathname;

/** The files of the ready fleet, by their paths in it. */
export function retailFiles(): Record<string, string> {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.flatMap((name) =>
      statSync(join(FOLDER, name)).isFile() ? [[name, readFileSync(join(FOLDER, name), 'utf8')]] : [],
    ),
  );
}

export function fleetFiles(files: Readonly<Record<string, string>>): FleetFiles {
  return { names: Object.keys(files).filter((name) => name.split('/').length < 3), readFile: filesOf(files) };
}

/** The fleet of some files, which must be one. */
export function fleetOf(files: Readonly<Record<string, string>> = retailFiles()): Fleet {
  const fleet = readFleet(fleetFiles(files));
  if (!fleet.ok) throw new Error(fleet.error.map(formatProblem).join('\n'));
  return fleet.value;
}

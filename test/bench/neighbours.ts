import { readFile, writeFile } from 'node:fs/promises';

/** A thousand machines and their site in one kernel: it counts the neighbours of all namespaces together. */
const PLACES = 8_192;
/** Belongs to the machine: a namespace of its own does not even see it. */
const SETTINGS = ['gc_thresh2', 'gc_thresh3'].map((name) => `/proc/sys/net/ipv4/neigh/default/${name}`);

/** Gives the kernel room for so many neighbours while `work` runs, and says so if it may not. */
export async function withNeighbours<T>(work: () => Promise<T>, say: (line: string) => void): Promise<T> {
  const before: (readonly [path: string, value: string])[] = [];
  try {
    for (const path of SETTINGS) {
      const value = await readFile(path, 'utf8');
      if (Number(value) >= PLACES) continue;
      await writeFile(path, String(PLACES));
      before.push([path, value]);
    }
  } catch {
    say(
      `The kernel may have too few places for neighbours, and will lose packets of a thousand machines: ${SETTINGS[1]}`,
    );
  }
  try {
    return await work();
  } finally {
    for (const [path, value] of before) await writeFile(path, value);
  }
}

import { readFile } from 'node:fs/promises';

/** What a process has used. */
export type Load = { readonly cpuMs: number; readonly rssBytes: number };

/** Of user and system time in /proc (proc(5)); it is 100 on every Linux that Debian builds. */
const TICKS_PER_SECOND = 100;

/** What the process has used so far; undefined: it is gone. */
export async function readLoad(pid: number): Promise<Load | undefined> {
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    // The name in brackets may hold anything; `utime` and `stime` are the 12th and 13th field behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const rssKib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    return { cpuMs: (ticks * 1_000) / TICKS_PER_SECOND, rssBytes: rssKib * 1024 };
  } catch {
    return undefined;
  }
}

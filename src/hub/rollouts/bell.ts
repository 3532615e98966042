import type { Cancel } from '../../kernel/ports.ts';
import type { Bell } from '../../wire/link/ports.ts';

/** Wakes those in this process who wait for something new for a site. */
export function createBell(): Bell {
  const waiting = new Map<string, Set<() => void>>();
  return {
    ring: (site) => {
      for (const run of [...(waiting.get(site) ?? [])]) run();
    },
    onRing: (site, run): Cancel => {
      const own = waiting.get(site) ?? new Set();
      // Each its own, also where one function listens twice.
      const listener = () => run();
      waiting.set(site, own.add(listener));
      return () => {
        own.delete(listener);
        if (own.size === 0 && waiting.get(site) === own) waiting.delete(site);
      };
    },
  };
}

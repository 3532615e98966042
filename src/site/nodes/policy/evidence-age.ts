import type { Machine } from '../../../model/machine.ts';

/** When a machine was heard for the first and for the last time, in milliseconds since 1970; 0 and 0 for one without evidence. */
export function evidenceAge({ evidence }: Machine): { readonly firstSeen: number; readonly lastSeen: number } {
  if (evidence.length === 0) return { firstSeen: 0, lastSeen: 0 };
  return {
    firstSeen: Math.min(...evidence.map(({ firstSeen }) => firstSeen)),
    lastSeen: Math.max(...evidence.map(({ lastSeen }) => lastSeen)),
  };
}

import { createHash } from 'node:crypto';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { FleetSlotView } from '../../wire/api/fleet-views.ts';
import type { StateEntry } from '../../wire/link/gen/link.ts';
import { SIMULATED_VERSION } from './box.ts';
import { SLOTS } from './invented.ts';

/** How far a simulated site is with the newest revision that it was offered: the entry `apply`. */
export type Applied = {
  readonly number: number;
  readonly bundle: string;
  readonly publication: string;
  readonly state: 'fetched' | 'trial' | 'confirmed' | 'reverted' | 'refused';
  readonly because?: string;
  readonly since: number;
};

/** All that a simulated site says of itself, with values; `enrolled` slots work. */
export function saidOf(of: { site: string; startedAt: number; enrolled: number; applied?: Applied }): StateEntry[] {
  const { site, startedAt, enrolled, applied } = of;
  const own = { version: SIMULATED_VERSION, since: startedAt, ready: true, notReady: [], held: 0, missingSecrets: [] };
  const slots = SLOTS.map((slot, i): readonly [string, FleetSlotView] => [
    `slots/${slot}`,
    i < enrolled
      ? {
          slot,
          state: 'enrolled',
          sentence: 'runs from memory',
          since: startedAt,
          profile: 'pos',
          binding: 1,
          machine: machineOf(site, i),
        }
      : { slot, state: 'empty', sentence: 'no machine is in this slot', profile: 'pos' },
  ]);
  const entries: readonly (readonly [string, unknown])[] = [
    ['site', own],
    ['alarms', []],
    ...slots,
    ...(applied ? [['apply', applied] as const] : []),
  ];
  return entries.map(([key, value]) => {
    const bytes = Buffer.from(canonicalJson(value));
    return { key, value: bytes, digest: createHash('sha256').update(bytes).digest() };
  });
}

function machineOf(site: string, i: number) {
  return { manufacturer: 'Slipway', product: 'Simulated', serial: `${site}-${i}` };
}

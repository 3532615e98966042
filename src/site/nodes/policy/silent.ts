import { formatDuration } from '../../../kernel/duration.ts';
import type { MachineId } from '../../../model/machine.ts';
import type { SiteState } from '../../../model/store.ts';
import { lastReached } from './advance.ts';

/** A boot that made no step for so long was switched off half-way. */
const BOOT_OVER_MS = 10 * 60_000;

/** What a machine does that may not be replaced while it does it; undefined: it is silent. */
export function whyNotSilent(state: SiteState, id: MachineId, now: number): string | undefined {
  const boot = state.latestBoot(id);
  if (boot && !boot.outcome && now - lastReached(boot) < BOOT_OVER_MS) return 'is booting now';
  const machine = state.machines.get(id);
  const macs = new Set(machine?.evidence.filter(({ kind }) => kind === 'mac').map(({ value }) => value));
  const lease = [...state.leases.values()].find(
    (row) => row.state === 'bound' && row.expiresAt > now && macs.has(row.mac),
  );
  if (!lease) return undefined;
  return `holds the address ${lease.address} for another ${formatDuration(lease.expiresAt - now)}`;
}

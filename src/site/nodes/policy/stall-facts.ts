import type { MacAddress } from '../../../kernel/mac.ts';
import type { Boot } from '../../../model/boot.ts';
import { leaseKey } from '../../../model/lease.ts';
import { evidenceOf } from '../../../model/machine.ts';
import type { Completion } from '../../../model/order.ts';
import { DOCUMENT_NAMES, type DocumentName, type Profile, type Revision } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';
import type { Progress } from './memory.ts';

/** What the cause of a stall may depend on. */
export type StallFacts = {
  readonly firmware: 'bios' | 'uefi' | 'unknown';
  /** `silent`: it went out and was not heard since. `runs`: it asked for an address. `asks`: it asks for its script again and again. */
  readonly loader: 'silent' | 'runs' | 'asks';
  /** `ignored`: it takes none of our answers. */
  readonly answers: 'ignored' | 'taken';
  /** `again`: the loader is started again and again, and never asks for its script. */
  readonly hops: 'again' | 'none';
  /** Which loader comes next if this one does not run. */
  readonly spare: 'shim' | 'other' | 'none';
  /** How much of the last file went out. */
  readonly sent: 'part' | 'all' | 'unknown';
  readonly profile: 'live' | 'install' | 'unknown';
  readonly configuration: Exclude<DocumentName, 'network-config'> | 'none';
  readonly completes: Completion | 'none';
};

/** What the site knows beside its state. */
export type StallClocks = {
  /** Since when the site hears its machines: silence before that is its own. */
  readonly listeningSince: number;
  readonly revisionOf: (boot: Boot) => Revision | undefined;
  readonly progressOf: (mac: MacAddress) => Progress | undefined;
};

export function factsOf(boot: Boot, state: SiteState, clocks: StallClocks): StallFacts {
  const profile = profileOf(boot, clocks);
  return {
    firmware: firmwareOf(boot, state),
    loader: loaderOf(boot, state, clocks),
    answers: boot.deafTo ? 'ignored' : 'taken',
    hops: boot.hops ? 'again' : 'none',
    spare: spareOf(boot),
    sent: sentOf(clocks.progressOf(boot.mac)),
    profile: profile?.kind ?? 'unknown',
    configuration: configurationOf(profile),
    completes: profile?.install?.completes ?? 'none',
  };
}

/** What the slot of a boot runs, after the revision that the boot began with. */
export function profileOf(boot: Boot, { revisionOf }: StallClocks): Profile | undefined {
  return boot.slot === undefined ? undefined : revisionOf(boot)?.slots[boot.slot]?.profile;
}

function firmwareOf(boot: Boot, state: SiteState): StallFacts['firmware'] {
  const machine = state.machines.get(boot.machine);
  const kind = machine && evidenceOf(machine, 'firmware');
  if (kind === undefined) return 'unknown';
  return kind.startsWith('uefi') ? 'uefi' : 'bios';
}

/** A loader that waits for files is answered, and makes no step: only what is known of its machine is fresh. */
function loaderOf(boot: Boot, state: SiteState, clocks: StallClocks): StallFacts['loader'] {
  const rows = state.machines.get(boot.machine)?.evidence ?? [];
  if (rows.some(({ source, lastSeen }) => source === 'script' && lastSeen >= boot.openedAt)) return 'asks';
  const networks = Object.keys(clocks.revisionOf(boot)?.networks ?? {});
  const leases = networks.map((network) => state.leases.get(leaseKey(network, boot.mac)));
  return boot.ran || leases.some((lease) => lease?.holder === 'ipxe') ? 'runs' : 'silent';
}

function spareOf({ spare }: Boot): StallFacts['spare'] {
  if (spare === undefined) return 'none';
  return spare.startsWith('shim') ? 'shim' : 'other';
}

function sentOf(progress: Progress | undefined): StallFacts['sent'] {
  if (!progress || progress.sizeBytes <= 0) return 'unknown';
  return progress.bytesSent >= progress.sizeBytes ? 'all' : 'part';
}

function configurationOf(profile: Profile | undefined): StallFacts['configuration'] {
  const names = DOCUMENT_NAMES.filter((name) => name !== 'network-config');
  return names.find((name) => profile?.documents[name] !== undefined) ?? 'none';
}

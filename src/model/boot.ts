import type { Brand } from '../kernel/brand.ts';
import type { Digest } from '../kernel/digest.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { BootWay, RouterWords } from './boot-way.ts';
import type { MachineId } from './machine.ts';
import type { OrderId } from './order-id.ts';

/** `b42`: counted by the site, never used twice. */
export type BootId = Brand<string, 'BootId'>;

/** A token may be made this much before the boot row that it belongs to: what is seen of a boot waits for the disk. */
export const TOKEN_SLACK_MS = 5_000;

/** How far a boot has come, in the order in which a machine passes through. */
export const BOOT_STAGES = [
  'seen',
  'loader',
  'held',
  'script',
  'kernel',
  'os',
  'configured',
  'installing',
  'done',
] as const;
export type BootStage = (typeof BOOT_STAGES)[number];

/**
 * Whether a boot was told to start something. From then on the revision that it pins is fixed: what its loader asks again
 * because something failed, and its documents, are answered by that one. Before, and while it waits or is held, each
 * question of its loader is answered by the newest, and the pin moves on with it.
 */
export function hasBegun({ stage }: Pick<Boot, 'stage'>): boolean {
  // A script that was lost in a kill shows by the stages behind it.
  return BOOT_STAGES.indexOf(stage) >= BOOT_STAGES.indexOf('script');
}

export type BootOutcome =
  | { readonly kind: 'live' }
  | { readonly kind: 'installed' }
  | { readonly kind: 'local'; readonly because: string }
  | { readonly kind: 'held' }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'superseded' }
  /** It stood still, and began anew before it had gone on: what a person was told of it then. */
  | ({ readonly kind: 'stalled' } & Pick<Stall, 'stage' | 'since' | 'cause' | 'nextStep'>);

/** One way of one machine from switching on to a result. It keeps the revision that it began with. */
export type Boot = {
  readonly id: BootId;
  readonly machine: MachineId;
  readonly mac: MacAddress;
  /** The kind of client whose DISCOVER opened it, such as `uefi-x64`; missing if it was opened by anything else. */
  readonly client?: string;
  /** How its firmware was answered last. */
  readonly way?: BootWay;
  /** The loader that is tried the next time if the one of `way` does not run. */
  readonly spare?: string;
  /** It was answered in all ways that there are, and takes none: what another DHCP server must say. */
  readonly deafTo?: RouterWords;
  /** Loaders were fetched one after the other, and no script was asked for. */
  readonly hops?: true;
  /** The loader runs: it was heard itself. */
  readonly ran?: true;
  readonly slot?: string;
  readonly binding?: number;
  /** The one by which its loader was answered last; until then the one in force when it opened. */
  readonly revision?: Digest;
  /** What its screen shows, so that a person can name the machine; made anew for each boot, and gone when it was used. */
  readonly code?: string;
  /** The order under which it installs. */
  readonly order?: OrderId;
  /** Its script has the words that erase the disk. */
  readonly wipes?: true;
  readonly openedAt: number;
  readonly stage: BootStage;
  /** When each stage was first reached, in milliseconds since 1970. */
  readonly reached: Readonly<Partial<Record<BootStage, number>>>;
  readonly outcome?: BootOutcome;
  readonly closedAt?: number;
  /** Where it stood still; one for each stage at most. */
  readonly stalls?: readonly Stall[];
};

/** A stage that took longer than it should, in the words of a technician. */
export type Stall = {
  readonly stage: BootStage;
  /** Row of the table of stalls, such as `loader-uefi-silent`. */
  readonly row: string;
  /** When the last step before it was. */
  readonly since: number;
  readonly cause: string;
  readonly nextStep: string;
  /** It went on after all. */
  readonly endedAt?: number;
};

/** Slot + machine + number; the binding of a slot with the highest number is its current one, unless it was released. */
export type Binding = {
  readonly slot: string;
  readonly number: number;
  readonly machine: MachineId;
  readonly since: number;
  readonly health: 'waiting' | 'enrolled';
  readonly enrolledAt?: number;
  /** The boot that proved it. */
  readonly enrolledBy?: BootId;
  /** What is on its disk: the profile of the confirmed order. */
  readonly installed?: { readonly profile: Digest; readonly at: number; readonly order: OrderId };
  /** Its system was silent for so long that it counts as lost; until it is heard again. */
  readonly lostSince?: number;
  /** A person gave the machine this slot; what the template says of MACs and serials does not count for it. */
  readonly placedBy?: string;
  /** The slot was emptied: the machine fills it no more. */
  readonly releasedAt?: number;
};

/** The key of a binding row. */
export function bindingKey(slot: string, number: number): string {
  return `${slot}#${number}`;
}

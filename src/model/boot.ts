import type { Brand } from '../kernel/brand.ts';
import type { Digest } from '../kernel/digest.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { MachineId } from './machine.ts';

/** `b42`: counted by the site, never used twice. */
export type BootId = Brand<string, 'BootId'>;

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

export type BootOutcome =
  | { readonly kind: 'live' }
  | { readonly kind: 'local'; readonly because: string }
  | { readonly kind: 'held' }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'superseded' };

/** One way of one machine from switching on to a result. It keeps the revision that it began with. */
export type Boot = {
  readonly id: BootId;
  readonly machine: MachineId;
  readonly mac: MacAddress;
  readonly slot?: string;
  readonly binding?: number;
  readonly revision?: Digest;
  readonly openedAt: number;
  readonly stage: BootStage;
  /** When each stage was first reached, in milliseconds since 1970. */
  readonly reached: Readonly<Partial<Record<BootStage, number>>>;
  readonly outcome?: BootOutcome;
  readonly closedAt?: number;
};

/** Slot + machine + number; the binding of a slot with the highest number is its current one. */
export type Binding = {
  readonly slot: string;
  readonly number: number;
  readonly machine: MachineId;
  readonly since: number;
  readonly health: 'waiting' | 'enrolled';
  readonly enrolledAt?: number;
  /** The boot that proved it. */
  readonly enrolledBy?: BootId;
};

/** The key of a binding row. */
export function bindingKey(slot: string, number: number): string {
  return `${slot}#${number}`;
}

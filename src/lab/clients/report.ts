import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { SimKindName } from './kinds.ts';

/** How far a client goes. Each includes those before it. */
export const GOALS = ['address', 'script', 'files', 'enrolled'] as const;
export type Goal = (typeof GOALS)[number];

/** The steps of a boot, in their order. A client leaves out those that its kind does not have. */
export const STAGES = [
  'offer',
  'address',
  'boot server',
  'loader',
  'loader address',
  'entry script',
  'script',
  'kernel',
  'initramfs',
  'system address',
  'documents',
  'phone-home',
] as const;
export type Stage = (typeof STAGES)[number];

export type ClientsOptions = {
  readonly count: number;
  /** They take turns: the first client is of the first kind, the second of the second, and again from the front. */
  readonly kinds: readonly SimKindName[];
  /** The device, of the network namespace of this process, on which each client gets a card of its own. */
  readonly device: string;
  readonly until: Goal;
  /** So many are switched on each second; undefined: all at once. */
  readonly perSecond?: number;
  /** Draws MACs and transaction numbers: the same seed is the same machines. */
  readonly seed: number;
  /** Their MACs instead of made-up ones; at least `count`. */
  readonly macs?: readonly MacAddress[];
  /** The one server that they boot from; an address they take of whoever gives one. */
  readonly site: Ipv4;
  /** A client that has not come through then has failed. */
  readonly giveUpMs: number;
  /** Firmware and scripts wait so much shorter; 1: as they do. Only tests take another. */
  readonly hurry?: number;
  /** Is told, about once a second, how they stand. */
  readonly onProgress?: (progress: ClientsProgress) => void;
  readonly signal?: AbortSignal;
};

export type ClientsProgress = {
  readonly seconds: number;
  readonly through: number;
  readonly failed: number;
  /** Clients on their way, by the stage at which they are. */
  readonly at: Readonly<Partial<Record<Stage, number>>>;
};

/** Milliseconds: half, nine of ten, 99 of 100 and all of the clients took no longer. */
export type Spread = { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };

export type StageFigures = {
  readonly stage: Stage;
  /** Clients that came through it. */
  readonly clients: number;
  /** From the first question to the first byte of the answer; what the client waits by itself is not in it. */
  readonly answer: Spread;
  /** Until the last byte. */
  readonly whole: Spread;
  /** Questions that were asked again. */
  readonly repeats: number;
  readonly bytes: number;
};

export type ClientsFailure = {
  readonly stage: Stage;
  readonly reason: string;
  readonly clients: number;
  /** One of them. */
  readonly mac: MacAddress;
};

export type ClientsReport = {
  readonly count: number;
  readonly until: Goal;
  readonly seconds: number;
  /** Clients that came as far as they were to. */
  readonly through: number;
  /** What their scripts told them, by how many: `live`, `hold`, `local` … */
  readonly told: Readonly<Record<string, number>>;
  /** The DHCP servers that answered, with how many offers; the site among them. */
  readonly servers: readonly { readonly address: Ipv4; readonly offers: number; readonly boots: boolean }[];
  readonly stages: readonly StageFigures[];
  readonly failures: readonly ClientsFailure[];
};

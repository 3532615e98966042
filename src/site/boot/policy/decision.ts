import type { Digest } from '../../../kernel/digest.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { AssetState } from '../../../model/content.ts';
import type { DhcpRole } from '../../../model/dhcp-role.ts';
import type { Claim } from '../../../model/machine.ts';
import type { Order } from '../../../model/order.ts';
import type { LocalBoot, Revision } from '../../../model/revision.ts';
import type { ScriptAnswer } from '../../../model/signal.ts';
import type { SiteAddress } from '../../../model/site-ports.ts';
import type { SiteState } from '../../../model/store.ts';
import type { MachineEnv } from './machine-env.ts';

/** The language of the scripts that a loader reads. */
export type LoaderFamily = 'ipxe' | 'grub';

/** What a loader asks. */
export type BootRequest = {
  readonly claim: Claim;
  readonly env: MachineEnv;
  /** How long the script has waited so far, by its own count. */
  readonly waitedSeconds: number;
  /** The script tried all it could to fetch its files, several times over. */
  readonly givenUp: boolean;
  /** A script named files to it, and not all of them could be fetched and started. */
  readonly isRetry: boolean;
  /** Who asks; missing: iPXE. */
  readonly loader?: LoaderFamily;
};

/** What a decision reads. */
export type BootContext = {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly state: SiteState;
  readonly revision: Revision | undefined;
  readonly site: SiteAddress;
  /** What the site is in the network of the machine; missing: the one that leases. */
  readonly role?: DhcpRole;
  readonly assetState: (digest: Digest) => AssetState;
  /** Why a machine cannot be given all of these secrets; undefined if it can. */
  readonly lackOfSecrets?: (names: readonly string[]) => string | undefined;
  /** Why not all of these wanted images are here; undefined if they are. */
  readonly lackOfImages?: (names: readonly string[]) => string | undefined;
  /**
   * Lets a machine read its secret documents; called only for a script that starts a system which has some. undefined:
   * who asks is not that machine, by what the wire shows.
   */
  readonly readToken: (mac: MacAddress) => string | undefined;
  /** Makes a code that no screen shows yet. */
  readonly freshCode: () => string;
  /** Its place in the queue of those that want to fetch such files, counted from 1; undefined: it may fetch them now. */
  readonly queueFor?: (files: readonly ScriptFile[]) => number | undefined;
  /** The wire shows that the machine itself asks: nobody else may read what stands on its screen. */
  readonly isSelf: boolean;
};

/** A file of a boot, as it goes into the script. */
export type ScriptFile = { readonly digest: Digest; readonly name: string; readonly sizeBytes: number };

/** A system that the loader is to fetch and start. */
export type SystemStart = {
  readonly slot: string;
  readonly profile: string;
  readonly kernel: ScriptFile;
  readonly initrds: readonly ScriptFile[];
  /** Words that reach the kernel as they are, by the loader that asked. */
  readonly cmdline: readonly string[];
  readonly localBoot: LocalBoot;
};

export type BootDecision =
  | ({ readonly kind: 'live' } & SystemStart)
  /** Only for what `mayInstall` has said yes to. */
  | ({
      readonly kind: 'install';
      readonly order: Order;
      /** Counted from 1. */
      readonly attempt: number;
      /** The disk that the profile names. */
      readonly disk?: string;
      /** The command line has the words that erase the disk first. */
      readonly wipe: boolean;
    } & SystemStart)
  /** Unknown: shows its code until somebody gives it a slot, or `holdSeconds` are over. */
  | {
      readonly kind: 'hold';
      readonly code: string;
      readonly holdSeconds: number;
      /** Of `holdSeconds`, for the person at the screen. */
      readonly leftSeconds: number;
      readonly localBoot: LocalBoot;
    }
  /** Known, but what it needs is not here yet. */
  | {
      readonly kind: 'wait';
      readonly slot?: string;
      readonly because: string;
      readonly holdSeconds: number;
      readonly leftSeconds: number;
      readonly localBoot: LocalBoot;
    }
  /** Everything is here for it; it waits for its turn, so that many at once do not all become slow. */
  | {
      readonly kind: 'queue';
      readonly slot: string;
      /** Counted from 1. */
      readonly place: number;
      /** From this answer on, whatever it has waited before: the time in the queue is no time of a hold. */
      readonly holdSeconds: number;
      readonly localBoot: LocalBoot;
    }
  | {
      readonly kind: 'local';
      readonly because: string;
      /** For the person at the screen; without a full stop. */
      readonly toDo?: string;
      /** What a person needs to give it a slot. */
      readonly code?: string;
      readonly localBoot: LocalBoot;
    }
  | {
      readonly kind: 'refuse';
      readonly because: string;
      /** What a person needs to give it the slot all the same. */
      readonly code?: string;
      readonly localBoot: LocalBoot;
    };

/** What the other rooms hear of a decision. */
export function answerOf(decision: BootDecision): ScriptAnswer {
  switch (decision.kind) {
    case 'live':
      return { kind: 'live', slot: decision.slot, profile: decision.profile };
    case 'install': {
      const { slot, profile, order, wipe } = decision;
      return { kind: 'install', slot, profile, order: order.id, ...(wipe ? { wipe } : {}) };
    }
    case 'hold':
      return { kind: 'hold', code: decision.code };
    case 'wait':
      return { kind: 'wait', because: decision.because };
    case 'queue':
      return { kind: 'queue', place: decision.place };
    case 'local':
    case 'refuse': {
      const { kind, because, code } = decision;
      return { kind, because, ...(code === undefined ? {} : { code }) };
    }
  }
}

/** The same for those who may not know what stands on the screen of the machine. */
export function withoutCode(answer: ScriptAnswer): ScriptAnswer {
  if (!('code' in answer)) return answer;
  const { code: _, ...rest } = answer;
  return rest;
}

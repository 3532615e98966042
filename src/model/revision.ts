import type { Digest } from '../kernel/digest.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { HardwareLoader, TemplateShape } from './boot-way.ts';
import type { DhcpRole } from './dhcp-role.ts';
import type { Images } from './images.ts';
import type { Network } from './network.ts';
import type { Completion } from './order.ts';
import type { WanRules } from './wan.ts';

/** A template rendered for one site: immutable, named by the digest of its content, numbered upwards. */
export type Revision = {
  readonly digest: Digest;
  readonly number: number;
  readonly site: string;
  readonly template: string;
  readonly networks: Readonly<Record<string, Network>>;
  readonly hardware: readonly HardwareClass[];
  readonly assets: readonly Asset[];
  /** The files that the firmware of a Raspberry Pi asks for by TFTP, by their names in lower case; missing: none. */
  readonly raspberryPi?: Readonly<Record<string, BootFile>>;
  readonly slots: Readonly<Record<string, Slot>>;
  readonly unknownMachines: UnknownMachines;
  /** Missing: as many machines at once as `DEFAULT_STARTS`. */
  readonly admission?: Admission;
  /** Missing: this site mirrors nothing. */
  readonly images?: Images;
  /** Missing: `NO_WAN_RULES`. */
  readonly wan?: WanRules;
  /** How much of the disk files and images may take; missing: all but the reserve. */
  readonly maxDiskBytes?: number;
};

/** How many machines fetch their systems at once; the others wait in a queue. */
export type Admission = { readonly starts: number };

/**
 * At 1 Gbit/s, sixteen that fetch at once get 7 MB/s each: fast enough that none of them takes the site for dead, and
 * the first of a whole store are up in seconds, while more at once would only finish all of them late.
 */
export const DEFAULT_STARTS = 16;

export type Arch = 'amd64' | 'arm64';

/** A file named by its digest, and the places where it may be fetched, tried in order. */
export type Asset = { readonly digest: Digest; readonly name: string; readonly sources: readonly AssetSource[] };
export type AssetSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }
  /** A file inside a Debian package; `pool`: the place of one version of the package, of any architecture, in Debian's archive. */
  | { readonly kind: 'debian'; readonly package: string; readonly path: string; readonly pool?: string };

/** A class of hardware, known by what the machine says of itself; `*` in a pattern stands for any text. */
export type HardwareClass = {
  readonly name: string;
  /** All that is named must fit; `mac` is a pattern such as `00:1b:21:*`. */
  readonly match: { readonly manufacturer?: string; readonly product?: string; readonly mac?: string };
  readonly arch: Arch;
  /** Missing: what its kind of firmware is given first. */
  readonly loader?: HardwareLoader;
  /** The form of the DHCP answer; missing: what its kind of firmware takes. */
  readonly offer?: TemplateShape;
  readonly localBoot: LocalBoot;
};

/** How this hardware is sent to its own disk: `exit` gives control back to the firmware, `sanboot` boots the first disk by BIOS call. */
export type LocalBoot = 'exit' | 'sanboot';

/** A named place in the site that a machine fills. */
export type Slot = {
  readonly name: string;
  readonly profile: Profile;
  /** Name of a hardware class. */
  readonly hardware?: string;
  /** Any one row is enough; all that a row names must agree. */
  readonly match: readonly SlotMatch[];
  readonly interfaces: Readonly<Record<string, SlotInterface>>;
};

export type SlotMatch = { readonly mac?: MacAddress; readonly uuid?: string; readonly serial?: string };

export type SlotInterface = {
  /** The interface that the machine boots from. */
  readonly boot: boolean;
  readonly network: string;
  readonly address?: Ipv4;
  /** Needed only for further interfaces: the booting one is known by its DISCOVER. */
  readonly mac?: MacAddress;
};

/** What a slot boots, rendered for that slot; texts still hold the places that are filled at boot time. */
export type Profile = {
  readonly name: string;
  /** Of everything below: what a slot has installed is told by it. */
  readonly digest: Digest;
  /** `live` runs from memory at every boot; `install` needs an order and ends on the disk. */
  readonly kind: 'live' | 'install';
  /** Only with `kind: install`. */
  readonly install?: InstallPlan;
  readonly arch: Arch;
  readonly kernel: BootFile;
  readonly initrds: readonly BootFile[];
  /** In the order in which they are written; `true` is a word without a value. */
  readonly cmdline: readonly CmdlineWord[];
  readonly documents: Readonly<Record<string, Document>>;
  /** Names of wanted images without which it is not ready. */
  readonly requiresImages?: readonly string[];
};

/** How an install goes and when it counts as done. */
export type InstallPlan = {
  readonly completes: Completion;
  /** How often the configuration may be fetched before a person must look. */
  readonly attempts: number;
  readonly withinSeconds: number;
  /** The disk that the documents name, such as `nvme0n1`; for people. */
  readonly disk?: string;
  /** Behind `cmdline` in the one boot of an order that erases the disk first; missing: no such order can be given. */
  readonly wipe?: readonly CmdlineWord[];
};

export type BootFile = { readonly digest: Digest; readonly name: string };
export type CmdlineWord = { readonly key: string; readonly value: string | true };

/** The documents that a profile may have, by the names under which their systems ask for them. */
export const DOCUMENT_NAMES = ['user-data', 'network-config', 'talos', 'ignition', 'preseed', 'kickstart'] as const;
export type DocumentName = (typeof DOCUMENT_NAMES)[number];

/** A text for the booted system, or one that Slipway writes from what it knows (`interfaces`). */
export type Document =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** false: handed on as it is. */
      readonly fill: boolean;
      /** Goes to the machine of the slot alone, by token, while its order or live boot is open. */
      readonly secret: boolean;
    }
  | { readonly kind: 'interfaces' };

/**
 * Whether a machine that fills no slot is left alone. Beside another server it may be anybody's: there the template must
 * say itself that it is held.
 */
export function ignoresUnknown({ action, heldBesideOthers }: UnknownMachines, role: DhcpRole): boolean {
  return action === 'ignore' || (role !== 'authoritative' && heldBesideOthers !== true);
}

export type UnknownMachines = {
  readonly action: 'hold' | 'ignore';
  /** The template itself says `hold`: then it counts where another server leases, too. Else they are ignored there. */
  readonly heldBesideOthers?: true;
  /** How long a held machine waits before it goes on with its own disk. */
  readonly holdSeconds: number;
  readonly then: 'local-disk';
  /** MAC patterns that are never answered, such as `00:11:22:*`. */
  readonly ignore: readonly string[];
};

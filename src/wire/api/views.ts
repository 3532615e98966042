import type { ImageView } from './images.ts';
import type { LinkView } from './link.ts';
import type { SteeredView } from './revision.ts';

/** What `/api/v1` shows, and what the CLI prints. Times are milliseconds since 1970; sentences are for people. */

export type SiteStatus = {
  readonly site: string;
  readonly at: number;
  readonly ready: boolean;
  /** Why it is not ready; empty if it is. */
  readonly notReady: readonly string[];
  /** Whether a person has said that this site may install; missing if no slot is to be installed. */
  readonly armed?: boolean;
  /** Why the site does not know for certain what is installed here; missing: it does. */
  readonly doubt?: string;
  /** Why nothing is installed here although slots are to be, and what a person does about it; missing: it may be. */
  readonly noInstalls?: { readonly because: string; readonly toDo: string };
  readonly revision?: { readonly number: number; readonly digest: string; readonly template: string };
  /** Why the template on disk is not the one in force; missing if it is. */
  readonly templateRefused?: string;
  /** How things stand with head office's revisions; missing: the site makes its own. */
  readonly steered?: SteeredView;
  /** How it stands with head office; missing: this site has none. */
  readonly headOffice?: LinkView;
  readonly networks: readonly NetworkView[];
  /** How many slots are in each state. */
  readonly slots: Readonly<Record<NodeState, number>>;
  /** Machines in no slot that wait for one now. */
  readonly held: number;
  /** Machines that wait for their turn to fetch their systems; missing: none. */
  readonly queued?: number;
  readonly assets: readonly AssetView[];
  /** Images that the site has before anybody asks for them; missing: none are wanted. */
  readonly images?: readonly ImageView[];
  /** What somebody should look into, of the last day; the newest first. */
  readonly alarms: readonly AlarmView[];
  /** Secrets that the template wants and nobody has set. */
  readonly missingSecrets: readonly string[];
};

/** So many events of one kind about one thing; `sentence` is the newest. */
export type AlarmView = {
  readonly type: string;
  readonly about: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly sentence: string;
  readonly toDo: string;
};

export type NetworkView = {
  readonly name: string;
  readonly subnet: string;
  readonly serverAddress?: string;
  /** Whether the site leases here, only adds the boot, or still looks which of both; missing: the network is not served. */
  readonly role?: 'authoritative' | 'proxy' | 'looking';
  /** What a person should know of that, if anything. */
  readonly because?: string;
  /** Other DHCP servers that were seen here, also those that the template allows. */
  readonly otherServers: readonly OtherServerView[];
  /** Addresses that are promised to somebody now, in the pool and outside of it. */
  readonly leases: number;
};

/** `how`: it offered us an address or only a boot, or a machine chose it. */
export type OtherServerView = {
  readonly address: string;
  readonly mac?: string;
  readonly maker?: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly how: 'offer' | 'proxy-offer' | 'request';
  /** The template names it. */
  readonly allowed: boolean;
};

export type AssetView = {
  readonly name: string;
  readonly digest: string;
  readonly complete: boolean;
  readonly sentence: string;
};

export const NODE_STATES = ['empty', 'waiting', 'booting', 'stalled', 'enrolled', 'lost', 'local', 'refused'] as const;
export type NodeState = (typeof NODE_STATES)[number];

export type SiteNodes = {
  /** One for each slot, in the order of the template. */
  readonly nodes: readonly NodeView[];
  /** Machines in no slot, the newest first. */
  readonly machines: readonly MachineView[];
};

/** A slot and what fills it. */
export type NodeView = {
  readonly slot: string;
  readonly profile: string;
  readonly hardware?: string;
  readonly state: NodeState;
  readonly sentence: string;
  /** When it came into this state. */
  readonly since?: number;
  readonly binding?: number;
  /** What its machine does that it cannot be replaced now; missing: it is silent, or there is none. */
  readonly busy?: string;
  /** Why the site would not notice if its system were gone; missing: it would. */
  readonly unwatched?: string;
  /** Only of slots that are installed. */
  readonly install?: InstallView;
  readonly machine?: MachineView;
  readonly boot?: BootView;
  /** Machines that would fill this slot too; missing if there are none. The one that fills it stays. */
  readonly contenders?: readonly ContenderView[];
};

/** A machine that wants a slot which another one fills. */
export type ContenderView = {
  readonly machine: string;
  /** As `MachineView.code`. */
  readonly code?: string;
  readonly macs: readonly string[];
  readonly since: number;
  readonly because: string;
  /** What a person does about it, by what is the case. */
  readonly toDo: readonly { readonly when: string; readonly do: string }[];
};

/** What is on the disk of a slot's machine, what is ordered, and why nothing is installed now. */
export type InstallView = {
  /** The newest first. */
  readonly orders: readonly OrderView[];
  readonly installedAt?: number;
  /** The disk has something else than the template now wants. */
  readonly differs: boolean;
  /** Its profile says how an order erases the disk. */
  readonly mayWipe?: true;
  /** A person said that nothing is installed here. */
  readonly held?: true;
  /** Why its machine is not installed when it boots now; missing: it is. */
  readonly because?: string;
  /** What a person does about that, if anything. */
  readonly toDo?: string;
};

export type OrderView = {
  readonly id: string;
  /** Number of the binding that it is for: only the machine of that one is installed. */
  readonly binding: number;
  readonly state: string;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  /** The disk is erased first. */
  readonly wipe: boolean;
  /** The boot in which that was done; no later one does it. */
  readonly wiped?: string;
  readonly sentence: string;
};

/** A slot that a held machine probably is for. */
export type ProposalView = { readonly command: 'claim' | 'replace'; readonly slot: string; readonly because: string };

export type MachineView = {
  readonly id: string;
  /** What its screen shows; only over the control socket, as it is what a claim over the network has to prove. */
  readonly code?: string;
  readonly macs: readonly string[];
  readonly uuid?: string;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly address?: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** It shows its code on its screen now. */
  readonly held: boolean;
  /** Why it may fill no slot: it was replaced or released. */
  readonly fenced?: string;
  /** The slot that it would fill if another machine did not. */
  readonly contends?: string;
  /** What came to it by merges; `slipway split` gives it back. `by` is `uuid` where nobody said so. */
  readonly merged?: readonly {
    readonly machine: string;
    readonly macs: readonly string[];
    readonly at: number;
    readonly by: string;
  }[];
  /** MACs that a person took away from it: its UUID does not bring them back. */
  readonly apart?: readonly string[];
  /** Only of a machine that is held. */
  readonly proposals?: readonly ProposalView[];
  readonly sentence: string;
};

/** One boot as a timeline. */
export type BootView = {
  readonly id: string;
  /** The id of its machine. */
  readonly machine: string;
  readonly mac: string;
  readonly openedAt: number;
  readonly closedAt?: number;
  readonly outcome?: string;
  readonly sentence: string;
  readonly stages: readonly StageView[];
  readonly tookMs: number;
  /** How much of the file that is on its way to it has been sent. */
  readonly percent?: number;
  /** It stands still now, or ended so. */
  readonly stall?: StallView;
};

/** Why a boot stands still, and what a person does about it. `since` is its last step. */
export type StallView = {
  readonly stage: string;
  readonly since: number;
  readonly cause: string;
  readonly nextStep: string;
};

export type StageView = {
  readonly stage: string;
  /** What the machine does there. */
  readonly sentence: string;
  readonly at: number;
  /** How long it stayed; missing for the one that it is in. */
  readonly tookMs?: number;
  /** Why it stood still there for a while, before it went on. */
  readonly stoodStill?: string;
  /** How its firmware was answered there, such as `snponly.efi (file)`. */
  readonly answer?: string;
};

/** One machine in a slot, from when to when. `until` is missing for the one that fills it now. */
export type BindingView = {
  readonly number: number;
  readonly machine: string;
  /** The machine as a person knows it. */
  readonly name: string;
  /** Who put it there, such as `cli`; missing: the template did. */
  readonly by?: string;
  readonly since: number;
  readonly until?: number;
  /** A person took it out, or the template moved it, before another one came. */
  readonly released?: true;
};

/** A slot or a machine with all its boots, the newest first. */
export type NodeDetail = {
  readonly node?: NodeView;
  /** Who fills the slot, and who filled it before, the newest first; missing for a machine. */
  readonly bindings?: readonly BindingView[];
  readonly machine?: MachineView;
  readonly boots: readonly BootView[];
};

/** Something that happened, as `/api/v1/events` tells it. */
export type EventView = {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly sentence: string;
  readonly slot?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** Head office has it; missing: the site has no head office. */
  readonly acked?: boolean;
};

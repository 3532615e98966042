import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { LoaderTable } from '../../../model/site-ports.ts';
import type { Change, SiteState } from '../../../model/store.ts';
import type { DhcpMessage } from '../codec/message.ts';
import type { Client } from './client.ts';
import type { Destination } from './destination.ts';
import type { NetworkPlan } from './network-plan.ts';
import type { Asked, Spell } from './way-machine.ts';

/** Everything a decision may look at. */
export type DecideContext = {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly plan: NetworkPlan;
  readonly state: SiteState;
  readonly loaders: LoaderTable;
  /** Whether an NTP server answers at the site's own address, so that it may be offered. */
  readonly servesTime: boolean;
  readonly pool: PoolView;
  /** undefined: each kind is answered in its first way, always. */
  readonly ways?: WayView;
};

/** What is known of the addresses of a network beyond the leases: promises that are not on disk, and what was found in use. */
export interface PoolView {
  /** The client to which an address was offered; the offer may still give way. */
  offeredTo(address: Ipv4): string | undefined;
  /** The client whose REQUEST for an address is being written to disk. */
  beingGrantedTo(address: Ipv4): string | undefined;
  /** The address that was last offered to a client, while the offer stands. */
  offerOf(client: string): Ipv4 | undefined;
  /** A machine that we know nothing of answers at this address. */
  isInUse(address: Ipv4): boolean;
  /** The address that a newcomer gets: probed ones first, then unused ones, then the longest expired; undefined if there is none. */
  next(): Ipv4 | undefined;
}

/** What is remembered of clients between their DISCOVER and their script. */
export interface WayView {
  /** The spell in which a DISCOVER is answered now; nothing is remembered by asking. */
  ask(mac: MacAddress, kind: string, asked: Omit<Asked, 'at'>): Spell;
  /** The spell of its last DISCOVER, as far as that is remembered. */
  spellOf(mac: MacAddress, kind: string): Spell | undefined;
}

/** The spell in which a DISCOVER was answered, of a client of this kind. */
export type SpellEffect = { readonly mac: MacAddress; readonly kind: string; readonly spell: Spell };

/** Why a message was not answered, in one word for a counter. */
export type IgnoreReason =
  | 'not-a-request'
  | 'no-message-type'
  | 'no-identity'
  | 'no-network'
  | 'relay-unknown'
  | 'relay-refused'
  | 'pattern'
  | 'unknown-machine'
  | 'no-loader'
  | 'loader-missing'
  | 'other-server'
  | 'not-leasing'
  | 'still-looking'
  | 'kept-to-known'
  | 'incomplete'
  | 'unknown-client'
  | 'not-the-holder'
  | 'declines-too-often'
  | 'pool-exhausted';

/** What the transient memory of the pool has to learn from a decision. */
export type PoolEffect =
  | { readonly kind: 'offer'; readonly address: Ipv4; readonly client: string }
  | { readonly kind: 'grant'; readonly address: Ipv4; readonly client: string }
  | { readonly kind: 'withdraw'; readonly client: string };

/** What to do about one message. `changes` are on disk before `reply` is sent; what has none is sent at once. */
export type Decision = Answered | Noted | Ignored;

type Effects = {
  readonly changes: readonly Change[];
  readonly events: readonly NewEvent[];
  readonly pool?: PoolEffect;
  readonly spell?: SpellEffect;
};
type Answered = Effects & {
  readonly reply: DhcpMessage;
  readonly to: Destination;
  /** The answer leaves so much later: beside another server, a client may hear only what comes last. */
  readonly delayMs?: number;
  readonly ignore?: never;
};
/** DECLINE and RELEASE are written down, and nobody waits for an answer. */
type Noted = Effects & {
  readonly reply?: never;
  readonly to?: never;
  readonly delayMs?: never;
  readonly ignore?: never;
};
/** `because` continues the sentence "ignored, because …". */
type Ignored = Effects & {
  readonly ignore: { readonly reason: IgnoreReason; readonly because: string };
  readonly reply?: never;
  readonly to?: never;
  readonly delayMs?: never;
};

/** Says nothing, and why. */
export function ignored(reason: IgnoreReason, because: string, also: Partial<Effects> = {}): Ignored {
  return { changes: [], events: [], ...also, ignore: { reason, because } };
}

/** A message, who sent it, and the world it is judged in. */
export type Inquiry = {
  readonly message: DhcpMessage;
  readonly client: Client;
  readonly context: DecideContext;
};

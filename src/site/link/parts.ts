import type { Digest } from '../../kernel/digest.ts';
import type { Cancel, Log, Random } from '../../kernel/ports.ts';
import type { TimeKeeper } from '../../kernel/time-keeper.ts';
import type { LinkClient } from '../../wire/link/client.ts';
import type { HelloRequest, HelloResponse, Trust } from '../../wire/link/gen/link.ts';
import type { Refusal } from '../../wire/link/refusals.ts';

/** A way to head office that a part may ask by. */
export type Way = Pick<LinkClient, 'call'>;

/** Who this box is to head office. */
export interface LinkIdentityPart {
  /** `need-code`: nobody gave it one. `mend`: its files are damaged; nothing can be done but by a person. */
  step(): 'need-code' | 'mend' | 'enroll' | 'recover' | 'renew' | 'nothing';
  /** Takes that step. For `enroll` the way knows no identity and no roots. Rejects as LinkClient does. */
  take(step: 'enroll' | 'recover' | 'renew', client: Way): Promise<void>;
  roots(): readonly Uint8Array[];
  /** Head office refused a call of this site, or answered one. */
  heardRefusal(refusal: Refusal): Promise<void>;
  heardAnswer(): void;
  /** Head office wants a new certificate. */
  askRenew(): void;
  accept(trust: Trust): Promise<void>;
  /** After each change: a person has typed a code, a certificate is new. */
  onChange(run: () => void): Cancel;
}

/** What Hello says that only the up lanes know. */
export type HelloOfUp = Pick<HelloRequest, 'session' | 'ratchet' | 'eventEpoch' | 'nextSeq' | 'fresh'>;

/** What happens here and how it is here, on its way to head office; as the room's `up` has it. */
export interface LinkUpPart {
  hello(): HelloOfUp;
  /** The answer to the Hello that said so. What counts of it is on disk when this resolves. */
  welcomed(said: HelloOfUp, reply: HelloResponse): Promise<'welcome' | 'quarantined'>;
  /** Brings up what there is and what comes, until the signal is set. Rejects as LinkClient does when head office cannot be reached. */
  run(client: Way, signal: AbortSignal): Promise<void>;
}

/** What Hello says of this box. */
export type AboutBox = Pick<
  HelloRequest,
  'version' | 'capabilities' | 'sealingKey' | 'hardware' | 'keySetVersion' | 'roots'
>;

/** What head office wants comes in here; as the room's `down` has it. */
export interface LinkDownPart {
  onDesired(
    wanted: {
      readonly number: number;
      readonly bundle: Digest;
      readonly sizeBytes: number;
      readonly publication: string;
    },
    fetch: (digest: Digest, offset: number) => Promise<{ readonly chunk: Uint8Array; readonly sizeBytes: number }>,
  ): void;
  have(): { readonly bundle: Digest | undefined; readonly highest: number; readonly confirmed: number };
}

export type LinkParts = {
  /** By the identity of this box. */
  readonly client: LinkClient;
  /** Knows no identity and no roots: for a code, which may be that of another head office than before. */
  readonly stranger: LinkClient;
  readonly identity: LinkIdentityPart;
  readonly up: LinkUpPart;
  readonly down: LinkDownPart;
  readonly about: () => AboutBox;
  /** Drawn when the process starts: two boxes with one identity have two of them. */
  readonly session: string;
  readonly time: TimeKeeper;
  readonly random: Random;
  readonly log: Log;
  /** The first try comes within so long. */
  readonly bootDelayMs?: number | undefined;
};

import type { Digest } from '../../../kernel/digest.ts';
import type { Cancel } from '../../../kernel/ports.ts';
import type { Result } from '../../../kernel/result.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { Revision } from '../../../model/revision.ts';
import type { SealedSecret } from '../../../wire/link/revision-bundle.ts';
import type { Applied, ApplyState, Bad, Wanted } from '../policy/apply.ts';

/** One piece of a bundle from `offset` on, and how large the whole is. Rejects as `LinkClient.call` does. */
export type FetchPiece = (
  digest: Digest,
  offset: number,
) => Promise<{ readonly chunk: Uint8Array; readonly sizeBytes: number }>;

/** What head office wants comes in here, and what became of it goes out. */
export interface Down {
  /** May be called as often as head office says it; `fetch` is used until the next call. */
  onDesired(wanted: Wanted, fetch: FetchPiece): void;
  /** Head office's release keys have changed: what was refused for its key is looked at once more. */
  onKeys(): void;
  /** What Sync says of this site: the bundle that it has, tries or has refused last, and the highest number accepted. */
  have(): { readonly bundle: Digest | undefined; readonly highest: number; readonly confirmed: number };
  /** The newest revision that head office wanted, and what became of it; undefined: none yet. The state key `apply`. */
  state(): ApplyReport | undefined;
  /** Calls back when `state` says something else; the answer ends it. */
  onChange(run: () => void): Cancel;
}

export type ApplyReport = Wanted & {
  readonly state: ApplyState;
  readonly since: number;
  /** Why it is refused or was reverted, or what it waits for. */
  readonly because?: string;
  /** Of `deferred`: the freeze ends then. */
  readonly until?: number;
};

/** Down, as its composition root holds it. */
export interface RunningDown extends Down {
  /** Puts in force what was, and goes on where the process before this one was. */
  start(): Promise<void>;
  /** The process ends. `counts`: in a trial this speaks against the revision, since the site did not even come to serve. */
  stop(options: { readonly counts: boolean }): Promise<void>;
  /** What is remembered against contents that were tried. */
  bad(): readonly Bad[];
  /** A person wants the last one tried once more; in a sentence what that comes to. Rejects with `command-refused`. */
  retry(): Promise<string>;
  /** Something changed that a step may wait for, such as a freeze. */
  look(): void;
}

/** A bundle that is believed, or was when it came. */
export type Opened = { readonly revision: Revision; readonly secrets: Readonly<Record<string, SealedSecret>> };

/** Where all this lies, beside the database. Rejects with an AppError as files do. */
export interface ApplyFiles {
  /** undefined: nothing was ever written, or it cannot be read. */
  read(): Promise<Applied | undefined>;
  write(applied: Applied): Promise<void>;
  /** The whole bundle; undefined: not here, or it is not what its name says. */
  bundle(digest: Digest): Promise<string | undefined>;
  /** How much of a bundle is here. */
  sizeOf(digest: Digest): Promise<number>;
  append(digest: Digest, chunk: Uint8Array): Promise<void>;
  /** All of it is here. false: it is not what its name says, and is gone. */
  complete(digest: Digest): Promise<boolean>;
  /** Forgets all but these. */
  retain(digests: readonly Digest[]): Promise<void>;
}

export type Fault = { readonly message: string; readonly isByKey?: true };
export type Freeze = { readonly until: number; readonly because?: string };

/** The site, as far as a revision touches it. */
export interface RevisionSeat {
  /** Whether the text is a revision for this site, signed by a release key that counts, with a number above `above`. */
  prove(text: string, above: number): Result<Opened, Fault>;
  /** Of a bundle that was proved when it came: keys retire, revisions in force do not. Undefined: it cannot be read. */
  open(text: string): Opened | undefined;
  /** Why this machine cannot run it, such as an address that it lacks; undefined: it can. What was confirmed is refused for nothing else. */
  refusal(revision: Revision): string | undefined;
  /** Why it must not be tried here: `refusal`, or answers that cannot be made from it; undefined: it may. */
  fault(opened: Opened): Promise<string | undefined> | string | undefined;
  /** What it names and is not here yet, such as `kernel 40 %`; undefined: all is. */
  lack(opened: Opened): string | undefined;
  /** Fetches what it needs, and keeps it; undefined: nothing is wanted any more. */
  prepare(revision: Revision | undefined): Promise<void>;
  /** Puts it in force. `save`: it is what each start begins with. */
  enter(opened: Opened, options: { readonly save: boolean; readonly event?: NewEvent }): Promise<void>;
  /** In force at once, whatever the disk says, and without a word; undefined: what it was before head office's first. */
  take(opened: Opened | undefined): void;
  current(): Revision | undefined;
  /** Why the site does not serve as the revision in force says; empty: it does. */
  problems(): readonly string[];
  freeze(): Freeze | undefined;
}

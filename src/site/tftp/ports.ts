import type { Endpoint } from '../../kernel/udp.ts';
import type { TransferOutcome } from './policy/transfer.ts';

/** A file that is ready to be sent. Its bytes must not change until `close`. */
export interface BootFile {
  readonly sizeBytes: number;
  /** All of it, where it is in memory anyway: then nothing is read. */
  readonly bytes?: Uint8Array;
  /** Fills `into` from `position` on and answers how many bytes it wrote; 0 only at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Called at most once, before `close`: the client has confirmed every byte, so it is where it says. */
  delivered?(): void;
  close(): Promise<void>;
}

/** The table of what the site advertises: loaders and scripts. */
export interface BootFileSource {
  /**
   * `name` is in lower case, with forward slashes and none in front. undefined: there is no such file, and the client is
   * told so, which makes most firmware give up at once. A rejection is a fault of ours.
   * @param asked the name as it came: what GRUB writes into one may need its capitals
   */
  find(name: string, from: Endpoint, asked: string): Promise<BootFile | undefined>;
}

/** A transfer that is over. */
export type TransferReport = {
  readonly endpoint: Endpoint;
  readonly name: string;
  /** Confirmed by the client. */
  readonly bytes: number;
  readonly sizeBytes: number;
  readonly outcome: TransferOutcome;
  readonly because: string;
  readonly ms: number;
};

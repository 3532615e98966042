import type { DhcpModeWord } from './dhcp-role.ts';

/** What a person may tell the site to do; the page, the CLI and the API say it in the same words. */
export type Command =
  /** "This is a new store": from now on installs may be ordered; slots that are filled and were never installed get their order. */
  | { readonly kind: 'arm' }
  | { readonly kind: 'claim'; readonly code: string; readonly slot: string }
  /** The next binding of a slot whose machine is silent. */
  | { readonly kind: 'replace'; readonly slot: string; readonly code: string }
  | { readonly kind: 'release'; readonly slot: string }
  | { readonly kind: 'reinstall'; readonly slot: string; readonly wipe: boolean }
  | { readonly kind: 'hold'; readonly slot: string; readonly on: boolean }
  /** The install is complete, says somebody who knows. */
  | { readonly kind: 'confirm'; readonly slot: string }
  /** Both are one machine: what is known of `other` is known of `keep` from now on. Each is a slot, an id, a MAC or a code. */
  | { readonly kind: 'merge'; readonly keep: string; readonly other: string }
  /** They are two after all. `part`: the id of a machine that came by a merge, or a MAC. */
  | { readonly kind: 'split'; readonly machine: string; readonly part: string };

/** What a person may say of a network whose mode is `auto`. */
export type NetworkCommand = { readonly kind: 'dhcp-mode'; readonly network: string; readonly to: DhcpModeWord };

/** Carried out when it resolves: on disk, and in one sentence what it came to. */
export type CommandAnswer = { readonly sentence: string };

/** Where commands are carried out, one after the other. */
export interface CommandDesk<C = Command> {
  /**
   * @param by who says it, for the events: `cli`, or `page`
   * Rejects with an AppError: `not-found`, `command-refused` with the reason, or as `Store.commit` does.
   */
  carryOut(command: C, by: string): Promise<CommandAnswer>;
}

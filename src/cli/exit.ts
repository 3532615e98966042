/** What a command's exit status says; documented in docs/use/cli.md. */
export const EXIT = {
  ok: 0,
  /** The command worked, and what it looked at is not in order. */
  finding: 1,
  /** The command line or a file it names cannot be used. */
  usage: 2,
  /** Disk, network, or no site answers. */
  unavailable: 3,
  /** Ended by Ctrl-C or a signal. */
  interrupted: 130,
  /** A bug of Slipway. */
  bug: 70,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

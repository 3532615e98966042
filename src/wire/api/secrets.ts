/** What `/api/v1/secrets` shows and takes, at the control socket only. A value is only ever taken. */

export type SecretView = {
  readonly name: string;
  /**
   * `file`: the site file says where it lies, and that counts. `store`: it was set here. `head-office`: it came with the revision in force.
   * `nowhere`: it is wanted and not set.
   */
  readonly from: 'file' | 'store' | 'head-office' | 'nowhere';
  /** Only with `file`. */
  readonly file?: string;
  /** Only with `store`; milliseconds since 1970. */
  readonly setAt?: number;
  /** Why it cannot be read. */
  readonly problem?: string;
  /** The slots whose documents have it, after the template in force. */
  readonly wantedBy: readonly string[];
};

export type SecretList = { readonly secrets: readonly SecretView[] };
/** The body of `POST /api/v1/secrets/<name>/set`; that of `remove` is `{}`. Both are answered with a `CommandReply`. */
export type SecretBody = { readonly value: string };

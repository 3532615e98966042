/** What `/api/v1/revision` shows. Times are milliseconds since 1970; sentences are for people. */

export type RevisionView = {
  /** Missing: none yet. */
  readonly inForce?: { readonly number: number; readonly digest: string; readonly template: string };
  /** Head office steers this site; missing: it makes its own revisions. */
  readonly steered?: SteeredView;
  /** Why the template on disk is not in force; only of a site that makes its own. */
  readonly templateRefused?: string;
};

export type SteeredView = {
  /** In one line, how things stand with head office's revisions. */
  readonly sentence: string;
  /** The last one that counts as good here; missing: none yet. */
  readonly confirmed?: number;
  /** The highest number that was accepted: a lower one never comes into force any more. */
  readonly highest: number;
  /** What head office wanted last, and what became of it. */
  readonly wanted?: {
    readonly number: number;
    readonly bundle: string;
    readonly publication: string;
    readonly state: string;
    readonly since: number;
    /** Why it is refused or was reverted, or what it waits for. */
    readonly because?: string;
    readonly sentence: string;
  };
  readonly freeze?: FreezeView;
  /** What was tried here and did not work: it is not tried again. */
  readonly bad: readonly { readonly number: number; readonly at: number; readonly because: string }[];
};

/** Until then no revision comes into force; orders and boots go on. */
export type FreezeView = { readonly until: number; readonly by: string; readonly because?: string };

/** The body of `POST /api/v1/freeze`: a time of day at the store, or how long, such as `2h`. */
export type FreezeBody = { readonly until: string; readonly because?: string };

import Database from 'better-sqlite3';

/**
 * Troubles of a disk, for tests: the conformance suite, and the hidden `--fault` flag of `slipway site`.
 * All but `maxPages` are made up here; that one is SQLite's own limit.
 */
export type Faults = {
  /** Each commit sleeps so long in the worker, as a slow fsync does. */
  readonly syncDelayMs?: number;
  /** The n-th statement from now on fails, once, with this code of SQLite such as `SQLITE_IOERR_WRITE`. */
  readonly failStatement?: { readonly nth: number; readonly code: string };
  /** The database may not grow beyond so many pages: SQLITE_FULL; 0 takes the limit away. */
  readonly maxPages?: number;
};

/** What the worker runs before each statement and each commit. */
export class FaultGate {
  #faults: Faults = {};
  #statements = 0;

  inject(faults: Faults): void {
    this.#faults = faults;
    this.#statements = 0;
  }

  beforeStatement(): void {
    const planned = this.#faults.failStatement;
    this.#statements += 1;
    if (planned && this.#statements === planned.nth) throw new Database.SqliteError('injected fault', planned.code);
  }

  beforeSync(): void {
    const { syncDelayMs = 0 } = this.#faults;
    if (syncDelayMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, syncDelayMs);
    this.beforeStatement();
  }
}

/** What one check found: a line for a person, and what to do if it is not in order. */
export type CheckResult = {
  readonly name: string;
  /** `unseen`: it could not be looked at, and `says` why. */
  readonly verdict: 'ok' | 'warning' | 'failed' | 'unseen';
  readonly says: string;
  readonly doThis?: string;
};

/** What was looked at, or why it could not be. */
export type Found<T> = { readonly seen: T } | { readonly unseen: string };

export function ok(name: string, says: string): CheckResult {
  return { name, verdict: 'ok', says };
}

export function warning(name: string, says: string, doThis: string): CheckResult {
  return { name, verdict: 'warning', says, doThis };
}

export function failed(name: string, says: string, doThis: string): CheckResult {
  return { name, verdict: 'failed', says, doThis };
}

export function unseen(name: string, says: string, doThis = 'Start this as root to have it looked at.'): CheckResult {
  return { name, verdict: 'unseen', says, doThis };
}

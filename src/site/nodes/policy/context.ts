import type { Digest } from '../../../kernel/digest.ts';
import { type Boot, hasBegun } from '../../../model/boot.ts';
import type { Revision } from '../../../model/revision.ts';
import { currentStall } from './advance.ts';
import type { Draft } from './draft.ts';
import type { Memory } from './memory.ts';

/** What the handlers of signals work on. */
export type Context = {
  readonly draft: Draft;
  readonly memory: Memory;
  readonly revision: Revision | undefined;
  /** Those that are in force or that an open boot or an unproved install pins. */
  readonly keptRevision?: (digest: Digest) => Revision | undefined;
};

/** The revision that a boot pins, as long as it is kept; else the one in force. */
export function revisionOf({ revision, keptRevision }: Context, boot: Boot | undefined): Revision | undefined {
  return (boot?.revision && keptRevision?.(boot.revision)) || revision;
}

/**
 * The context for what an open boot does next: with its own revision once it has begun, so that it stays in its slot. One
 * that stands still does not hold the template back: a system that never says that it is up leaves its boot open.
 */
export function contextOf(context: Context, boot: Boot | undefined): Context {
  const isOnItsWay = boot && !boot.outcome && hasBegun(boot) && !currentStall(boot);
  return isOnItsWay ? { ...context, revision: revisionOf(context, boot) } : context;
}

import type { Digest } from '../../../kernel/digest.ts';
import type { Boot } from '../../../model/boot.ts';
import type { Revision } from '../../../model/revision.ts';
import type { Draft } from './draft.ts';
import type { Memory } from './memory.ts';

/** What the handlers of signals work on. */
export type Context = {
  readonly draft: Draft;
  readonly memory: Memory;
  readonly revision: Revision | undefined;
  /** One of the last few revisions. */
  readonly keptRevision?: (digest: Digest) => Revision | undefined;
};

/** The revision that a boot pins, as long as it is kept; else the one in force. */
export function revisionOf({ revision, keptRevision }: Context, boot: Boot | undefined): Revision | undefined {
  return (boot?.revision && keptRevision?.(boot.revision)) || revision;
}

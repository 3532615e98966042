import type { Revision } from '../../../model/revision.ts';
import type { Draft } from './draft.ts';
import type { Memory } from './memory.ts';

/** What the handlers of signals work on. */
export type Context = {
  readonly draft: Draft;
  readonly memory: Memory;
  readonly revision: Revision | undefined;
};

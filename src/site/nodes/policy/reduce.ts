import type { NewEvent } from '../../../model/event.ts';
import type { Revision } from '../../../model/revision.ts';
import type { Signal } from '../../../model/signal.ts';
import type { Change, SiteState } from '../../../model/store.ts';
import type { Context } from './context.ts';
import { Draft } from './draft.ts';
import { hearDhcp } from './hear-dhcp.ts';
import { hearPhoneHome, hearReport } from './hear-node.ts';
import { hearScript } from './hear-script.ts';
import { hearAsset, hearDocument, hearLoader } from './hear-transfer.ts';
import type { Memory } from './memory.ts';

/** What a batch of signals comes to. */
export type Reduced = { readonly changes: readonly Change[]; readonly events: readonly NewEvent[] };

/**
 * Folds signals, in their order, over the state. Pure but for `memory`, which is transient and changed in place. The
 * same signals may be folded once more after a commit that failed.
 */
export function reduce(
  state: SiteState,
  signals: readonly Signal[],
  { memory, revision }: { readonly memory: Memory; readonly revision: Revision | undefined },
): Reduced {
  const context = { draft: new Draft(state), memory, revision };
  for (const signal of signals) hear(context, signal);
  return { changes: context.draft.changes, events: context.draft.events };
}

function hear(context: Context, signal: Signal): void {
  switch (signal.kind) {
    case 'dhcp':
      hearDhcp(context, signal);
      break;
    case 'loader':
      hearLoader(context, signal);
      break;
    case 'script':
      hearScript(context, signal);
      break;
    case 'asset':
      hearAsset(context, signal);
      break;
    case 'document':
      hearDocument(context, signal);
      break;
    case 'phone-home':
      hearPhoneHome(context, signal);
      break;
    case 'report':
      hearReport(context, signal);
      break;
  }
}

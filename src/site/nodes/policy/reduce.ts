import type { AppError } from '../../../kernel/errors.ts';
import type { Result } from '../../../kernel/result.ts';
import type { Command, CommandAnswer } from '../../../model/commands.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { Signal } from '../../../model/signal.ts';
import type { Change, SiteState } from '../../../model/store.ts';
import { obey } from './command.ts';
import { hearHolder } from './contested.ts';
import type { Context } from './context.ts';
import { Draft } from './draft.ts';
import { hearDhcp } from './hear-dhcp.ts';
import { hearSecretDocument, hearSecretRefused, hearTick } from './hear-install.ts';
import { hearPhoneHome, hearReport, hearSystemLog, hearTalosEvent } from './hear-node.ts';
import { hearScript } from './hear-script.ts';
import { hearAsset, hearDocument, hearImage, hearLoader } from './hear-transfer.ts';
import { hearHealthTick } from './lost.ts';
import { hearStallTick } from './stall-diary.ts';

/** What a batch of signals comes to. */
export type Reduced = { readonly changes: readonly Change[]; readonly events: readonly NewEvent[] };

/**
 * Folds signals, in their order, over the state. Pure but for `memory`, which is transient and changed in place. The
 * same signals may be folded once more after a commit that failed.
 */
export function reduce(state: SiteState, signals: readonly Signal[], given: Omit<Context, 'draft'>): Reduced {
  const context = { ...given, draft: new Draft(state) };
  for (const signal of signals) hear(context, signal);
  return { changes: context.draft.changes, events: context.draft.events };
}

/** A step of a batch: something that was seen, or something that a person wants. */
export type Step =
  | { readonly signal: Signal }
  | { readonly command: Command; readonly by: string; readonly at: number };

/** As `reduce`, with what the commands among the steps came to, one for each step; undefined for a signal. */
export function fold(
  state: SiteState,
  steps: readonly Step[],
  given: Omit<Context, 'draft'>,
): Reduced & { readonly outcomes: readonly (Result<CommandAnswer, AppError> | undefined)[] } {
  const context = { ...given, draft: new Draft(state) };
  const outcomes = steps.map((step) => {
    if ('command' in step) return obey(context, step.command, step);
    hear(context, step.signal);
    return undefined;
  });
  return { changes: context.draft.changes, events: context.draft.events, outcomes };
}

/** One signal. */
export function hear(context: Context, signal: Signal): void {
  hearHolder(context, signal);
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
    case 'image':
      hearImage(context, signal);
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
    case 'secret-document':
      hearSecretDocument(context, signal);
      break;
    case 'secret-refused':
      hearSecretRefused(context, signal);
      break;
    case 'talos-event':
      hearTalosEvent(context, signal);
      break;
    case 'system-log':
      hearSystemLog(context, signal);
      break;
    case 'tick':
      hearTick(context, signal.at);
      hearStallTick(context, signal);
      hearHealthTick(context, signal);
      break;
  }
}

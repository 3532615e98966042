import { showable } from './redact.ts';
import type { Telling } from './tell-line.ts';

/** An event of Talos, as far as a boot is concerned. */
export type TalosEvent =
  | { readonly kind: 'sequence'; readonly name: string; readonly error: string | undefined; readonly begins: boolean }
  | { readonly kind: 'phase'; readonly name: string; readonly begins: boolean }
  | { readonly kind: 'service'; readonly name: string; readonly failed: boolean; readonly message: string }
  | { readonly kind: 'config-error'; readonly error: string }
  | { readonly kind: 'machine'; readonly stage: string; readonly ready: boolean };

/**
 * What an event tells; undefined where it is no news: the end of a phase, a service that runs. A machine that is `running`
 * has all of its configuration and started from what is installed, also while it waits for its cluster to become ready.
 */
export function tellEvent(event: TalosEvent): Telling | undefined {
  switch (event.kind) {
    case 'sequence':
      if (event.error) return told('sequence', `${event.name}: ${event.error}`, true);
      return event.begins ? told('sequence', event.name) : undefined;
    case 'phase':
      return event.begins ? told('phase', event.name) : undefined;
    case 'service':
      return event.failed ? told('service', `${event.name}: ${event.message}`, true) : undefined;
    case 'config-error':
      return told('config-error', event.error, true);
    case 'machine':
      return event.stage === 'running' ? told('running', 'running') : told('machine', event.stage);
  }
}

function told(what: string, stage: string, failed = false): Telling {
  return { kind: 'talos-event', what, stage: showable(stage), failed };
}

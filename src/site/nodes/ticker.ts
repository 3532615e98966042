import type { Cancel, Clock } from '../../kernel/ports.ts';
import type { SignalSink } from '../../model/signal.ts';

/** A technician looks at the screen for longer than that before he asks. */
const EVERY_MS = 10_000;
/** More than NTP moves a clock that is about right. */
const JUMP_MS = 60_000;

/**
 * Tells the diary that time passes, until it is cancelled. A clock that was set, and a box that slept, look like a long
 * silence of all machines: from such a moment on the silence is counted anew.
 */
export function startTicker({ clock, signals }: { readonly clock: Clock; readonly signals: SignalSink }): Cancel {
  let listeningSince = clock.now();
  let before = { now: listeningSince, monotonic: clock.monotonic() };
  let cancel: Cancel = () => undefined;
  const tick = (): void => {
    const here = { now: clock.now(), monotonic: clock.monotonic() };
    const jump = here.now - before.now - (here.monotonic - before.monotonic);
    if (Math.abs(jump) > JUMP_MS || here.monotonic - before.monotonic > JUMP_MS) listeningSince = here.now;
    before = here;
    signals.observe({ kind: 'tick', at: here.now, listeningSince });
    cancel = clock.after(EVERY_MS, tick);
  };
  // At once: what ended while the site was off is over.
  tick();
  return () => cancel();
}

import type { Cancel, Clock, Random } from '../../kernel/ports.ts';

/** What rings: a stream of gRPC, by the little that is needed of it. */
export type DoorbellStream = {
  on(event: 'data' | 'error' | 'end', heard: () => void): unknown;
  cancel(): void;
};

/** A doorbell that broke is put up again after up to so long, drawn anew each time: nobody misses it in the meantime. */
const AGAIN_WITHIN_MS = 120_000;

/** Listens for as long as it can be had, and puts it up again when it breaks. `dial` answers undefined where it cannot be had now. */
export function hearDoorbell(parts: {
  readonly dial: () => DoorbellStream | undefined;
  readonly ring: () => void;
  readonly time: Clock;
  readonly random: Random;
}): Cancel {
  let isOver = false;
  let stream: DoorbellStream | undefined;
  let cancelTimer: Cancel = () => undefined;
  const again = (): void => {
    stream = undefined;
    cancelTimer();
    if (!isOver) cancelTimer = parts.time.after(parts.random.unit() * AGAIN_WITHIN_MS, install);
  };
  const install = (): void => {
    const dialled = parts.dial();
    if (!dialled) {
      again();
      return;
    }
    stream = dialled;
    // Both come when it breaks; the second finds another stream, or none.
    const broke = () => stream === dialled && again();
    dialled.on('data', parts.ring);
    dialled.on('error', broke);
    dialled.on('end', broke);
  };
  install();
  return () => {
    isOver = true;
    cancelTimer();
    stream?.cancel();
  };
}

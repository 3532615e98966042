import type { Signal, SignalSink } from '../model/signal.ts';

/** A sink that also shows each signal to others, before it is written down. */
export function teeSignals(sink: SignalSink, ...hearers: readonly ((signal: Signal) => void)[]): SignalSink {
  const show = (signal: Signal): void => {
    for (const hear of hearers) hear(signal);
  };
  return {
    observe: (signal) => {
      show(signal);
      sink.observe(signal);
    },
    record: (signal) => {
      show(signal);
      return sink.record(signal);
    },
  };
}

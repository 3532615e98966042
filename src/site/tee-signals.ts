import type { Signal, SignalSink } from '../model/signal.ts';

/** A sink that also shows each signal to another room, before it is written down. */
export function teeSignals(sink: SignalSink, show: (signal: Signal) => void): SignalSink {
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

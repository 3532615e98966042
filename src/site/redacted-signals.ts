import type { Redactor } from '../kernel/redactor.ts';
import type { Signal, SignalSink } from '../model/signal.ts';

/** The same sink for what nodes say of themselves: a system that prints its configuration prints our secrets. */
export function redactSignals(sink: SignalSink, redactor: Redactor): SignalSink {
  const clean = (signal: Signal): Signal => redactor.redactAll(signal);
  return { observe: (signal) => sink.observe(clean(signal)), record: (signal) => sink.record(clean(signal)) };
}

import type { Redactor } from '../kernel/redactor.ts';
import type { Signal, SignalSink } from '../model/signal.ts';
import { redact } from './signals/policy/redact.ts';

/**
 * The same sink for what nodes say of themselves: a system that prints its configuration prints our secrets, and
 * cloud-init names its seed, with the token, in what it reports.
 */
export function redactSignals(sink: SignalSink, redactor: Redactor): SignalSink {
  const clean = (signal: Signal): Signal => {
    const known = Object.entries(redactor.redactAll(signal));
    return Object.fromEntries(known.map(([key, value]) => [key, hideByPlace(value)])) as Signal;
  };
  return { observe: (signal) => sink.observe(clean(signal)), record: (signal) => sink.record(clean(signal)) };
}

function hideByPlace(value: unknown): unknown {
  return typeof value === 'string' ? redact(value) : value;
}

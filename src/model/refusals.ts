import { LogBudget } from '../kernel/log-budget.ts';
import type { Clock } from '../kernel/ports.ts';
import type { Signal, SignalSink } from './signal.ts';

type Refusal = Extract<Signal, { kind: 'secret-refused' }>;

/** A neighbour that asks in a loop is one alarm and not a full disk; and it cannot drown that another one asks too. */
const PER_NEIGHBOUR_A_MINUTE = 4;
const ALL_IN_TEN_MINUTES = 60;

/** Tells that somebody asked for what is not theirs, so many times in a while. */
export function createRefusals(signals: SignalSink, clock: Clock): (refusal: Omit<Refusal, 'at' | 'kind'>) => void {
  const each = new LogBudget(clock, PER_NEIGHBOUR_A_MINUTE);
  const all = new LogBudget(clock, ALL_IN_TEN_MINUTES, 10 * 60_000);
  return (refusal) => {
    // The last octet: 256 topics at most, however many addresses somebody makes up.
    const topic = refusal.address.split('.').at(-1) ?? '';
    if (each.spend(topic) && all.spend('all')) signals.observe({ kind: 'secret-refused', at: clock.now(), ...refusal });
  };
}

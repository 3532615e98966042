import type { MacAddress } from '../../kernel/mac.ts';
import { nearestRank } from '../sites/measures.ts';
import type { Journey, StageNote } from './journey.ts';
import { type ClientsFailure, type Spread, STAGES, type Stage, type StageFigures } from './report.ts';

/** The stages that at least one client came through. */
export function stageFigures(journeys: readonly Journey[]): readonly StageFigures[] {
  return STAGES.flatMap((stage) => {
    const notes = journeys.flatMap(({ notes }) => notes.get(stage) ?? []);
    return notes.length === 0 ? [] : [figuresOf(stage, notes)];
  });
}

function figuresOf(stage: Stage, notes: readonly StageNote[]): StageFigures {
  return {
    stage,
    clients: notes.length,
    answer: spreadOf(notes.map(({ answerMs }) => answerMs)),
    whole: spreadOf(notes.map(({ wholeMs }) => wholeMs)),
    repeats: notes.reduce((sum, { repeats }) => sum + repeats, 0),
    bytes: notes.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function spreadOf(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1].map((part) => nearestRank(sorted, part));
  return { p50: p50 ?? 0, p90: p90 ?? 0, p99: p99 ?? 0, max: max ?? 0 };
}

/** A client that did not reach its goal. */
export type Loss = { readonly stage: Stage; readonly reason: string; readonly mac: MacAddress };

/** Equal reasons at the same stage are one row, the most frequent first. */
export function failuresOf(losses: readonly Loss[]): readonly ClientsFailure[] {
  const rows = new Map<string, ClientsFailure>();
  for (const { stage, reason, mac } of losses) {
    const key = `${stage} ${reason}`;
    const row = rows.get(key) ?? { stage, reason, clients: 0, mac };
    rows.set(key, { ...row, clients: row.clients + 1 });
  }
  return [...rows.values()].sort((a, b) => b.clients - a.clients);
}

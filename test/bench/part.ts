import type { GuestSystem } from '../../src/lab/demo-site.ts';
import type { Programs } from './rivals.ts';

/** What the parts of the bench are given. All of it is there before they begin: inside there is no way to the network. */
export type Bench = {
  /** A folder of its own for each part; it is gone afterwards. */
  readonly dir: string;
  readonly rounds: number;
  /** Short and rough, to see that all of it runs. */
  readonly quick: boolean;
  readonly programs: Programs;
  readonly guest: GuestSystem;
};

/** One line of the table. */
export type Row = {
  readonly what: string;
  /** By name, each with what it reached; the first is Slipway. */
  readonly reached: Readonly<Record<string, string>>;
  /** Slipway beside the best of the others, or beside the goal itself where that is a number. */
  readonly ratio: number;
  readonly goal: { readonly atLeast: number } | { readonly atMost: number } | undefined;
};

export type Part = { readonly title: string; readonly run: (bench: Bench) => Promise<readonly Row[]> };

export type Verdict = 'met' | 'missed' | '';

export function verdictOf({ ratio, goal }: Row): Verdict {
  if (!goal) return '';
  return ('atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost) ? 'met' : 'missed';
}

/** The middle one, or the lower of the two in the middle; `NaN` of none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

/**
 * Measures each contender once in each round, one after the other, so that a machine that becomes slower does so for all.
 * @returns per contender the figures of all rounds
 */
export async function inTurn<T>(
  rounds: number,
  contenders: Readonly<Record<string, () => Promise<T>>>,
): Promise<Record<string, T[]>> {
  const figures: Record<string, T[]> = {};
  for (let round = 0; round < rounds; round++)
    for (const [name, measure] of Object.entries(contenders)) {
      figures[name] = [...(figures[name] ?? []), await measure()];
      process.stderr.write('.');
    }
  return figures;
}

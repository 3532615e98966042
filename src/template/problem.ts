/** A place in a file that a person wrote; lines and columns count from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

/** One thing that is wrong with a template, at the place where it can be put right. */
export type TemplateProblem = Place & {
  /** Keys joined with dots, such as `spec.slots.pos-1.profile`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  /** The slots for which it is wrong, where it depends on that. */
  readonly slots?: readonly string[];
};

/** `store.yaml:12:7 spec.slots.pos-1.profile: there is no profile "pso"; did you mean "pos"?` */
export function formatProblem(problem: TemplateProblem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  return `${where} ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}${formatSlots(problem.slots ?? [])}`;
}

function formatSlots(slots: readonly string[]): string {
  if (slots.length === 0) return '';
  const more = slots.length > 3 ? ` and ${slots.length - 3} more` : '';
  return ` (for slot ${slots.slice(0, 3).join(', ')}${more})`;
}

/** Nobody reads more at once, and a hostile file can have as many as it has bytes. */
const maxProblems = 100;

/** The first hundred by file, line and column; what was said twice of one place is said once, for all of its slots. */
export function sortProblems(problems: readonly TemplateProblem[]): readonly TemplateProblem[] {
  const unique = new Map<string, TemplateProblem>();
  for (const problem of problems) {
    const { slots = [], ...rest } = problem;
    const key = formatProblem(rest);
    const all = [...new Set([...(unique.get(key)?.slots ?? []), ...slots])];
    unique.set(key, all.length > 0 ? { ...rest, slots: all } : rest);
  }
  return [...unique.values()].sort(byPlace).slice(0, maxProblems);
}

/** `; did you mean "pos"?` if one of the names is close to what was written, else nothing. */
export function didYouMean(written: string, names: Iterable<string>): string {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of names) {
    const distance = editDistance(written.toLowerCase(), name.toLowerCase());
    if (!best || distance < best.distance) best = { name, distance };
  }
  const allowed = Math.max(1, Math.floor(written.length / 3));
  return best && best.distance <= allowed ? `; did you mean "${best.name}"?` : '';
}

function byPlace(a: TemplateProblem, b: TemplateProblem): number {
  return compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.message, b.message);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Insertions, deletions, changes and swaps of neighbours (optimal string alignment), on the first 64 characters. */
function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64);
  const b = right.slice(0, 64);
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const cost = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = cost(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(cost(i - 1, j) + 1, cost(i, j - 1) + 1, change, swapped ? cost(i - 2, j - 2) + 1 : change));
    }
  }
  return cost(a.length, b.length);
}

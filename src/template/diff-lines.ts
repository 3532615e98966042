/** More cells than this of the table are not filled: the texts are then said to differ as a whole. */
const MOST_CELLS = 1_000_000;
const MOST_SHOWN = 60;

/** The lines that only one of two texts has, in order: what is left of each without their longest common subsequence. */
export function diffLines(
  before: readonly string[],
  after: readonly string[],
): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const start = commonStart(before, after);
  const end = commonStart(before.slice(start).reverse(), after.slice(start).reverse());
  const old = before.slice(start, before.length - end);
  const now = after.slice(start, after.length - end);
  const isHuge = old.length * now.length > MOST_CELLS;
  const kept = isHuge ? { before: old, after: now } : withoutCommon(old, now);
  return { before: short(kept.before), after: short(kept.after) };
}

function commonStart(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((line, index) => line !== b[index]);
  return differs < 0 ? a.length : differs;
}

function withoutCommon(a: readonly string[], b: readonly string[]) {
  const left = commonLengths(a, b);
  const before: string[] = [];
  const after: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) [i, j] = [i + 1, j + 1];
    else if (left(i + 1, j) >= left(i, j + 1)) before.push(a[i++] ?? '');
    else after.push(b[j++] ?? '');
  }
  return { before: [...before, ...a.slice(i)], after: [...after, ...b.slice(j)] };
}

/** The length of the longest common subsequence of what is behind two places. */
function commonLengths(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  return at;
}

function short(lines: readonly string[]): readonly string[] {
  if (lines.length <= MOST_SHOWN) return lines;
  return [...lines.slice(0, MOST_SHOWN), `… and ${lines.length - MOST_SHOWN} more lines`];
}

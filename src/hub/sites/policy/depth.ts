/** What a site in good order says is not a tenth as deep. */
const MOST_DEPTH = 100;

/** Whether JSON is so deep that whoever writes it out again runs out of stack, while reading it went well. */
export function isTooDeep(json: string): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < json.length && depth <= MOST_DEPTH; at++) {
    const sign = json[at];
    if (isInText && sign === '\\') at += 1;
    else if (sign === '"') isInText = !isInText;
    else if (!isInText) depth += STEPS.get(sign ?? '') ?? 0;
  }
  return depth > MOST_DEPTH;
}

const STEPS: ReadonlyMap<string, number> = new Map([
  ['[', 1],
  ['{', 1],
  [']', -1],
  ['}', -1],
]);

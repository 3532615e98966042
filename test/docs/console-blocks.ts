/** A command of a ```console block, and what the reader is told to see after it. */
export type ConsoleStep = { readonly line: number; readonly command: string; readonly expected: readonly string[] };

/** What a document asks of its test, in the order of the page. */
export type DocBlock =
  /** Typed for real, one command after the other. */
  | { readonly kind: 'console'; readonly line: number; readonly steps: readonly ConsoleStep[] }
  /** Needs a network or hardware of its own; `testedBy` names the files that run it elsewhere, with `steps` if output is shown. */
  | {
      readonly kind: 'elsewhere';
      readonly line: number;
      readonly testedBy: readonly string[];
      readonly steps: readonly ConsoleStep[];
    }
  /** A file that the reader is told to write. */
  | { readonly kind: 'file'; readonly line: number; readonly path: string; readonly text: string };

type Fence = {
  readonly line: number;
  readonly language: string;
  readonly mark: string;
  readonly body: readonly string[];
};

/** The blocks of a Markdown page that a test can act on. Throws for a block that looks like commands and is covered by nothing. */
export function findBlocks(markdown: string): readonly DocBlock[] {
  return findFences(markdown).flatMap((fence) => toBlock(fence) ?? []);
}

/** A fence at the start of a line, with the HTML comment right above it, which says how it is tested. */
const fencePattern = /^(?:(<!-- .* -->)\n+)?```(.*)\n((?:(?!```).*\n)*)```$/gm;

function findFences(markdown: string): readonly Fence[] {
  // What no fence has matched is one that a test would not see: never closed, or indented as part of a list.
  const rest = markdown.replace(fencePattern, (all) => all.replace(/[^\n]/g, ''));
  const unseen = rest.split('\n').findIndex((line) => line.trimStart().startsWith('```'));
  if (unseen >= 0) throw new Error(`line ${unseen + 1}: the block is indented or never closed`);
  return [...markdown.matchAll(fencePattern)].map((match) => {
    const [all, mark = '', language = '', body = ''] = match;
    const before = markdown.slice(0, match.index + all.indexOf('```'));
    return { line: before.split('\n').length, language: language.trim(), mark, body: body.split('\n').slice(0, -1) };
  });
}

function toBlock(fence: Fence): DocBlock | undefined {
  const { line } = fence;
  const path = /^<!-- file: (\S+) -->$/.exec(fence.mark)?.[1];
  if (path) return { kind: 'file', line, path, text: `${fence.body.join('\n')}\n` };
  const testedBy = /^<!-- tested by: (.+) -->$/.exec(fence.mark)?.[1]?.split(/[,\s]+/);
  const steps = fence.language === 'console' ? toSteps(fence) : [];
  if (steps.length > 0)
    return testedBy ? { kind: 'elsewhere', line, testedBy, steps } : { kind: 'console', line, steps };
  if (!['sh', 'bash', 'shell'].includes(fence.language)) return undefined;
  if (!testedBy) throw new Error(`line ${line}: commands that no test runs: make it \`\`\`console, or say "tested by"`);
  return { kind: 'elsewhere', line, testedBy, steps };
}

function toSteps(fence: Fence): readonly ConsoleStep[] {
  const steps: { line: number; command: string; expected: string[] }[] = [];
  for (const [index, text] of fence.body.entries()) {
    const line = fence.line + index + 1;
    const step = steps.at(-1);
    if (text.startsWith('$ ')) steps.push({ line, command: text.slice(2), expected: [] });
    else if (step) step.expected.push(text);
    else throw new Error(`line ${line}: output before any command`);
  }
  if (steps.length === 0) throw new Error(`line ${fence.line}: a console block without a command`);
  return steps;
}

/** Whether output is what the page shows: `…` in a line stands for any text, `…` alone for any lines, also none. */
export function outputMatches(expected: readonly string[], output: string): boolean {
  const pattern = expected.map((line) => (line.trim() === '…' ? '(?:[^\n]*\n)*?' : `${linePattern(line)}\n`)).join('');
  const whole = output === '' || output.endsWith('\n') ? output : `${output}\n`;
  return new RegExp(`^${pattern}$`).test(whole);
}

function linePattern(line: string): string {
  const escaped = line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return escaped.replaceAll('…', '[^\n]*');
}

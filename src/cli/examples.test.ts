import { expect, it } from 'vitest';
import { commandOf, EXAMPLES } from './examples.ts';
import { createProgram } from './program.ts';

/** As a shell would split it. */
const split = (line: string): readonly string[] =>
  (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
const examples = Object.entries(EXAMPLES).flatMap(([words, all]) => all.map((rest) => [words, rest] as const));

it.each(examples)('slipway %s %s can be typed', (words, rest) => {
  const io = { write: () => undefined, writeError: () => undefined };
  const command =
    commandOf(
      createProgram(io, () => undefined),
      words,
    )?.exitOverride() ?? expect.unreachable();
  const { operands, unknown } = command.parseOptions([...split(rest)]);
  expect(unknown).toEqual([]);
  const { registeredArguments } = command;
  expect(operands.length).toBeGreaterThanOrEqual(registeredArguments.filter(({ required }) => required).length);
  if (!registeredArguments.at(-1)?.variadic) expect(operands.length).toBeLessThanOrEqual(registeredArguments.length);
  const given = command.opts();
  const missing = command.options.filter((one) => one.mandatory && given[one.attributeName()] === undefined);
  expect(missing.map(({ long }) => long)).toEqual([]);
});

it('the help of a command ends with them', () => {
  let help = '';
  const write = (text: string): void => {
    help += text;
  };
  const io = { write, writeError: () => undefined };
  const program = createProgram(io, () => undefined);
  commandOf(program, 'hub publish')?.outputHelp();
  expect(help).toMatch(/Such as:\n {2}slipway hub publish\n {2}slipway hub publish p17 --canary/);
});

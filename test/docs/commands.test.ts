import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { BOOT_STAGES } from '../../src/model/boot.ts';
import { NODE_STATES } from '../../src/wire/api/views.ts';

const top = resolve(import.meta.dirname, '../..');
const read = (page: string) => readFileSync(join(top, 'docs', page), 'utf8');
const io = { write: () => undefined, writeError: () => undefined };
const commands = leaves(createProgram(io, () => undefined));

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** What a person may see. */
function optionsOf(command: Command): Command['options'] {
  return command.options.filter(({ hidden }) => !hidden);
}

it.each(commands.map((command) => [command.name(), command] as const))('%s has all of its help', (_name, command) => {
  expect(command.description()).not.toBe('');
  expect(command.registeredArguments.filter(({ description }) => !description)).toEqual([]);
  expect(optionsOf(command).filter(({ description }) => !description)).toEqual([]);
});

it('docs/use/cli.md names each command and each option', () => {
  const page = read('use/cli.md');
  expect(commands.map((command) => command.name()).filter((name) => !page.includes(name))).toEqual([]);
  const options = new Set(commands.flatMap(optionsOf).map(({ long = '' }) => long));
  expect(options.size).toBeGreaterThan(10);
  expect([...options].filter((option) => !new RegExp(`[ \`]${option}\\b`).test(page))).toEqual([]);
});

it('the states of a slot and the stages of a boot are explained', () => {
  expect(NODE_STATES.filter((state) => !read('use/cli.md').includes(`\`${state}\``))).toEqual([]);
  expect(read('use/README.md')).toContain(BOOT_STAGES.map((stage) => `\`${stage}\``).join(', '));
});

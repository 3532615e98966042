import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readKeySets } from './key-set-file.ts';
import { addKeyCommands } from './template-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(...argv: readonly string[]): Promise<string> {
  let out = '';
  const program = new Command('template').exitOverride().configureOutput({ writeErr: () => undefined });
  const write = (text: string): void => {
    out += text;
  };
  addKeyCommands(program, { write, writeError: write });
  for (const command of program.commands) for (const one of command.commands) one.exitOverride();
  await program.parseAsync(['keys', ...argv], { from: 'user' });
  return out;
}

const at = (name: string): string => join(folder, name);
const makeFirst = (): Promise<string> => run('new', '--key', at('a.pem'), '--set', at('keys.json'), '--comment', 'Ada');

test('new, show, rotate: each set is signed by a key of the one before it', async () => {
  await makeFirst();
  const first = await readKeySets(at('keys.json'));
  expect(first?.newest).toMatchObject({ version: 1, keys: [{ comment: 'Ada' }], retired: {} });
  expect(statSync(at('a.pem')).mode & 0o777).toBe(0o600);

  const rotate = ['rotate', '--set', at('keys.json'), '--comment', 'Bob'];
  await run(...rotate, '--key', at('a.pem'), '--new', at('b.pem'));
  const second = await readKeySets(at('keys.json'));
  const [ada] = first?.newest.keys ?? [];
  expect(second?.newest).toMatchObject({ version: 2, keys: [{ comment: 'Bob' }], retired: { [ada?.id ?? '']: 2 } });
  expect(second?.sets).toHaveLength(2);

  await run(...rotate, '--key', at('b.pem'), '--new', at('c.pem'), '--keep');
  expect((await readKeySets(at('keys.json')))?.newest.keys).toHaveLength(2);
  const shown = await run('show', '--set', at('keys.json'));
  expect(shown).toContain('key set 3');
  expect(shown).toContain(`${ada?.id}  retired with set 2`);
});

test('a retired key rotates nothing, and nothing is written over', async () => {
  await makeFirst();
  await run('rotate', '--set', at('keys.json'), '--comment', 'Bob', '--key', at('a.pem'), '--new', at('b.pem'));
  const before = readFileSync(at('keys.json'), 'utf8');
  const again = run('rotate', '--set', at('keys.json'), '--comment', 'x', '--key', at('a.pem'), '--new', at('c.pem'));
  await expect(again).rejects.toThrow('is not one of key set 2');
  await expect(makeFirst()).rejects.toThrow('there already');
  expect(readFileSync(at('keys.json'), 'utf8')).toBe(before);
});

test('a file that is no key set, a changed one and a missing one are refused', async () => {
  await expect(run('show', '--set', at('none.json'))).rejects.toThrow('template keys new');
  writeFileSync(at('x.json'), '{}');
  await expect(run('show', '--set', at('x.json'))).rejects.toThrow('not a file with sets');
  await makeFirst();
  await run('rotate', '--set', at('keys.json'), '--comment', 'Bob', '--key', at('a.pem'), '--new', at('b.pem'));
  writeFileSync(at('keys.json'), readFileSync(at('keys.json'), 'utf8').replace('Bob', 'Eve'));
  await expect(run('show', '--set', at('keys.json'))).rejects.toThrow('does not fit');
});

import { describe, expect, test } from 'vitest';
import { createConsole, plainLine } from './console.ts';

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('the console of a machine', () => {
  test('control sequences of firmware are taken out', () => {
    expect(plainLine('\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2)\r')).toBe('SeaBIOS (version 1.16.2)');
    expect(plainLine('\x1b[0;1miPXE 1.0.0\x1b[0m -- Open Source')).toBe('iPXE 1.0.0 -- Open Source');
  });

  test('each reader gets every line from the first, past and to come', async () => {
    const console = createConsole();
    console.line('one');
    const early = collect(console.lines());
    console.line('two');
    console.end();
    expect(await early).toEqual(['one', 'two']);
    expect(await collect(console.lines())).toEqual(['one', 'two']);
  });

  test('waits for a line that is still to come', async () => {
    const console = createConsole();
    const waiting = console.waitFor(/configured/, 60_000);
    console.line('SLIPWAY-GUEST: configured pos-1');
    expect(await waiting).toBe('SLIPWAY-GUEST: configured pos-1');
  });

  test('an empty line is a line', async () => {
    const console = createConsole();
    console.line('');
    console.line('after it');
    console.end();
    expect(await collect(console.lines())).toEqual(['', 'after it']);
  });

  test('a machine that is off says no more, and the failure shows its last words', async () => {
    const console = createConsole();
    console.line('No bootable device.');
    console.end();
    await expect(console.waitFor(/configured/, 60_000)).rejects.toThrow(/machine is off.*\n.*No bootable device/);
  });
});

import type { createDice } from './besieged-site.ts';

type Dice = ReturnType<typeof createDice>;

/** What parsers stumble over: ends of strings, of fields and of numbers, and other people's syntax. */
const BITS = [
  '\0',
  '\xff',
  '/',
  '..',
  '%',
  '%00',
  '&',
  '=',
  '\\',
  '$',
  "'",
  '\n',
  '\u001b',
  ';',
  '{',
  '}',
  '255',
  '-1',
];

/** Text with a few characters exchanged, doubled, cut off or put in. */
export function mutateText(text: string, dice: Dice): string {
  let result = text;
  for (let hits = dice.number(4); hits > 0; hits--) {
    const at = dice.number(result.length + 1);
    const bit = BITS[dice.number(BITS.length)] ?? '';
    const [before, after] = [result.slice(0, at), result.slice(at)];
    const changed = [before + bit + after, before + bit + after.slice(1), before + before + after, before];
    result = (changed[dice.number(changed.length)] ?? '').slice(0, 20_000);
  }
  return result;
}

/** Bytes with a few of them exchanged, and sometimes cut off. */
export function mutateBytes(bytes: Uint8Array, dice: Dice): Uint8Array {
  const changed = Uint8Array.from(bytes);
  if (changed.length === 0) return changed;
  for (let hits = dice.number(8); hits > 0; hits--) changed[dice.number(changed.length)] = dice.number(256);
  return dice.number(5) === 0 ? changed.subarray(0, dice.number(changed.length)) : changed;
}

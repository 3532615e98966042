import { expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import { mustAsk, type TagKnown, tagAnswer } from './tag-answer.ts';

const [OLD, NEW] = ['a'.repeat(64), 'b'.repeat(64)] as [Digest, Digest];
const known = (change: Partial<TagKnown> = {}): TagKnown => ({ digest: OLD, ageMs: 0, isComplete: true, ...change });

it.each([
  ['nothing is known', undefined, true],
  ['it is fresh', known({ ageMs: 999 }), false],
  ['its time is over', known({ ageMs: 1_000 }), true],
  ['the clock was set back', known({ ageMs: -1 }), true],
])('asks the upstream or not, if %s', (_, given, expected) => expect(mustAsk(given, 1_000)).toBe(expected));

it.each([
  [
    'the upstream says another',
    known(),
    { kind: 'digest', digest: NEW },
    { kind: 'serve', digest: NEW, isStale: false },
  ],
  ['it says the same', known(), { kind: 'digest', digest: OLD }, { kind: 'serve', digest: OLD, isStale: false }],
  ['it has no such tag any more', known(), { kind: 'unknown' }, { kind: 'unknown' }],
  ['it is silent', known(), { kind: 'silent' }, { kind: 'serve', digest: OLD, isStale: true }],
  ['it is silent, and a layer is missing', known({ isComplete: false }), { kind: 'silent' }, { kind: 'unknown' }],
  ['it is silent, and nothing is known', undefined, { kind: 'silent' }, { kind: 'unknown' }],
] as const)('answers if %s', (_, given, said, expected) => expect(tagAnswer(given, said)).toEqual(expected));

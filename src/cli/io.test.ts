import { expect, test } from 'vitest';
import { harmless } from './io.ts';

test('what a terminal would obey is shown and not obeyed', () => {
  expect(harmless('pos-1\tKäse ✓\n')).toBe('pos-1\tKäse ✓\n');
  expect(harmless('a\u001b[2Jb\u009b1mc\rd\u0007e\u202ef')).toBe('a�[2Jb�1mc�d�e�f');
});

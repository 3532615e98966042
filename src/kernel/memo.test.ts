import { expect, it } from 'vitest';
import { Memo } from './memo.ts';

it('forgets what was not asked for longest', () => {
  const memo = new Memo<number>(2);
  memo.set('a', 1);
  memo.set('b', 2);
  expect(memo.get('a')).toBe(1);
  memo.set('c', 3);
  expect([memo.get('a'), memo.get('b'), memo.get('c')]).toEqual([1, undefined, 3]);
  memo.set('c', 4);
  expect([memo.get('a'), memo.get('c')]).toEqual([1, 4]);
});

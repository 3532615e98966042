import { expect, it } from 'vitest';
import { sha256OfText } from './hash.ts';

it('names a text by its bytes in UTF-8', () => {
  expect(sha256OfText('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256OfText('ü')).toBe('607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f');
});

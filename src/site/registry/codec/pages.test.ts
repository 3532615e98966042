import { expect, it } from 'vitest';
import { formatNextLink, pageOfTags, parseNextLink } from './pages.ts';

const tags = ['b', 'a', 'B', 'c'];

it('pages tags in lexical order', () => {
  expect(pageOfTags(tags, {})).toEqual({ tags: ['B', 'a', 'b', 'c'] });
  expect(pageOfTags(tags, { n: 2 })).toEqual({ tags: ['B', 'a'], next: { n: 2, last: 'a' } });
  expect(pageOfTags(tags, { n: 2, last: 'a' })).toEqual({ tags: ['b', 'c'] });
  expect(pageOfTags(tags, { last: 'aa' })).toEqual({ tags: ['b', 'c'] });
  expect(pageOfTags(tags, { n: 0 })).toEqual({ tags: [] });
});

it('finds the next page among links', () => {
  expect(parseNextLink(formatNextLink('/v2/a/tags/list?n=2&last=b'))).toBe('/v2/a/tags/list?n=2&last=b');
  expect(parseNextLink('</a>; rel="prev", </b,c>; title="x; rel=next"; rel="last next"')).toBe('/b,c');
  expect(parseNextLink('</b>;rel=next')).toBe('/b');
  expect(parseNextLink('</b>; rel=nextish')).toBeUndefined();
  expect(parseNextLink('')).toBeUndefined();
});

it('reads hostile links in no time', () => {
  const started = performance.now();
  parseNextLink(`<a>;x${' '.repeat(16_000)}`);
  parseNextLink('<'.repeat(16_000));
  expect(performance.now() - started).toBeLessThan(500);
});

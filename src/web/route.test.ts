import { describe, expect, it } from 'vitest';
import { formatRoute, parseRoute, type Route } from './route.ts';

describe('the place on the page', () => {
  it.each<Route>([
    { at: 'home' },
    { at: 'arm' },
    { at: 'slot', slot: 'pos-1' },
    { at: 'action', slot: 'pos-1', name: 'replace' },
  ])('$at is found again by its address', (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  it.each([
    ['', { at: 'home' }],
    ['#/nonsense', { at: 'home' }],
    ['#/slot/', { at: 'home' }],
    ['#/slot/pos-1/constructor', { at: 'slot', slot: 'pos-1' }],
    ['#/slot/%zz', { at: 'slot', slot: '%zz' }],
  ])('%s leads somewhere', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });
});

import { describe, expect, it } from 'vitest';
import { formatRoute, parseRoute, type Route } from './route.ts';

const ROUTES: readonly (readonly [string, Route])[] = [
  ['#/', { at: 'sites', filter: {} }],
  [
    '#/?search=till%20%26%20co&labels=region%3Deu&state=silent&without=p3&alarm=true&behind=true&offset=50',
    {
      at: 'sites',
      filter: {
        ...{ search: 'till & co', labels: 'region=eu', state: 'silent', without: 'p3' },
        ...{ alarm: true, behind: true, offset: 50 },
      },
    },
  ],
  ['#/site/store-1', { at: 'site', site: 'store-1' }],
  ['#/site/store-1/pos%2F1', { at: 'slot', site: 'store-1', slot: 'pos/1' }],
  ['#/publications', { at: 'publications' }],
  ['#/publication/r7', { at: 'publication', publication: 'r7' }],
  ['#/publication/r7/rollback', { at: 'act', publication: 'r7', act: 'rollback' }],
  ['#/alarms', { at: 'alarms' }],
  ['#/audit', { at: 'audit' }],
];

describe('an address of the fleet page', () => {
  it.each(ROUTES)('%s leads there and back', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
    expect(formatRoute(route)).toBe(hash);
  });

  it.each(['', '#', '#/nonsense', '#/site', '#/site/', '#/?offset=-1&alarm=no&x=%'])(
    '%s is the list of sites',
    (hash) => {
      expect(parseRoute(hash)).toEqual({ at: 'sites', filter: {} });
    },
  );

  it('knows no act but those that there are', () => {
    expect(parseRoute('#/publication/r7/delete')).toEqual({ at: 'publication', publication: 'r7' });
  });
});

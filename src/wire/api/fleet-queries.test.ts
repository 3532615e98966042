import { expect, it } from 'vitest';
import { fleetPath } from './fleet-queries.ts';

it('fills the parts of a path and its query, whatever stands in them', () => {
  expect(fleetPath('sites')).toBe('/api/v1/sites');
  expect(fleetPath('siteEvents', { site: 'a/../b' }, { slot: 'till & co', limit: 30, type: undefined })).toBe(
    '/api/v1/sites/a%2F..%2Fb/events?slot=till%20%26%20co&limit=30',
  );
  expect(fleetPath('sites', {}, { search: '', alarm: true })).toBe('/api/v1/sites?alarm=true');
});

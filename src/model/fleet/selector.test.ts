import { describe, expect, it } from 'vitest';
import { parseSelector, selects } from './selector.ts';

const site = { name: 'store-0417', labels: { region: 'eu', tier: '1' } };
function fits(text: string): boolean | string {
  const selector = parseSelector(text);
  return selector.ok ? selects(selector.value, site) : selector.error;
}

describe('a selector of sites', () => {
  it.each([
    ['region=eu', true],
    ['region=eu, tier=1', true],
    ['region=eu,tier=2', false],
    ['colour=red', false],
    ['store-0417', true],
    ['store-0001,store-0417', true],
    ['store-0001', false],
  ])('%s', (text, expected) => {
    expect(fits(text)).toBe(expected);
  });

  it.each([
    ['', /neither/],
    ['store-0417,region=eu', /not mixed/],
    ['region=', /LABEL=VALUE/],
    ['=eu', /LABEL=VALUE/],
    ['region=eu,region=us', /twice/],
    ['Store 1', /neither/],
  ])('says what is wrong with %j', (text, because) => {
    expect(fits(text)).toMatch(because);
  });

  it('without a condition fits all', () => {
    expect(selects({ labels: {} }, site)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import type { Clock } from '../../kernel/ports.ts';
import type { FleetFeedItem } from '../../wire/api/fleet-views.ts';
import { Feed } from './feed.ts';
import { changedViews } from './policy/changed-views.ts';

const still: Clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined };
const sites = (site: string): FleetFeedItem => ({ view: 'sites', site });

function told(feed: Feed, after?: string): string[] {
  const ids: string[] = [];
  feed.listen(after, ({ id, item }) => ids.push(`${id} ${item.view}${item.site ? ` ${item.site}` : ''}`))();
  return ids;
}

describe('the feed', () => {
  it('tells what changed twice at once a single time', () => {
    const feed = new Feed(still, 'a');
    feed.note([sites('x'), sites('x'), { view: 'alarms' }]);
    feed.flush();
    expect(told(feed, 'a-0')).toEqual(['a-1 sites x', 'a-2 alarms']);
  });

  it('tells who comes back only what is new', () => {
    const feed = new Feed(still, 'a');
    feed.note([sites('x'), sites('y')]);
    feed.flush();
    expect(told(feed, 'a-1')).toEqual(['a-2 sites y']);
    expect(told(feed, 'a-2')).toEqual([]);
    expect(told(feed)).toEqual([]);
  });

  it.each(['b-1', 'a-99', 'nonsense', 'a-', 'a-1x'])('says to %s that something may have been missed', (after) => {
    const feed = new Feed(still, 'a');
    feed.note([sites('x')]);
    feed.flush();
    expect(told(feed, after)).toEqual(['a-1 all']);
  });

  it('keeps the last thousand, and says so to who is further behind', () => {
    const feed = new Feed(still, 'a');
    for (let n = 0; n < 1_001; n++) {
      feed.note([sites(`s${n}`)]);
      feed.flush();
    }
    expect(told(feed, 'a-0')).toEqual(['a-1001 all']);
    expect(told(feed, 'a-1')).toHaveLength(1_000);
  });

  it('tells many sites at once as the sites', () => {
    const feed = new Feed(still, 'a');
    feed.note(Array.from({ length: 60 }, (_, n) => sites(`s${n}`)));
    feed.flush();
    expect(told(feed, 'a-0')).toEqual(['a-1 sites']);
  });
});

describe('what a change shows in', () => {
  it('is the view of its table, by the first part of its key', () => {
    expect(
      changedViews([
        { table: 'states', key: 'store-1/slots/pos-1' },
        { table: 'publicationSites', key: 'r1/store-1' },
        { table: 'audit', key: 'x' },
        { table: 'tokens', key: 'y' },
      ]),
    ).toEqual([{ view: 'sites', site: 'store-1' }, { view: 'publications', publication: 'r1' }, { view: 'audit' }]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import type { AssetState } from '../../../model/content.ts';
import type { Needed } from './needed.ts';
import { sayState, wantedState, whyNever } from './wanted-state.ts';

const [ONE, TWO] = ['1', '2'].map((letter) => letter.repeat(64) as Digest) as [Digest, Digest];
const needed = (changes: Partial<Needed> = {}): Needed => ({
  sizes: new Map([
    [ONE, 100],
    [TWO, 300],
  ]),
  ...{ unread: [], subjects: [], notOffered: [], ...changes },
});
const complete: AssetState = { kind: 'complete', sizeBytes: 100 };
const absent: AssetState = { kind: 'absent' };
const say = (what: Needed | undefined, failure: string | undefined, one: AssetState, two: AssetState): string =>
  sayState(wantedState(what, failure, (digest) => (digest === ONE ? one : two)));

describe('how far an image is', () => {
  it.each<[string, Needed | undefined, string | undefined, AssetState, AssetState]>([
    ['not begun', undefined, undefined, absent, absent],
    ['failed because no way', undefined, 'no way', absent, absent],
    ['complete', needed(), undefined, complete, complete],
    // What was wrong the last time does not matter for what is whole.
    ['complete', needed(), 'no way', complete, complete],
    ['0 %', needed(), undefined, absent, absent],
    ['25 %', needed(), undefined, complete, absent],
    ['50 %', needed(), undefined, complete, { kind: 'filling', bytesDone: 100 }],
    ['99 %', needed(), undefined, complete, { kind: 'filling', bytesDone: 300 }],
    ['99 %', needed(), undefined, complete, { kind: 'filling', bytesDone: 5_000 }],
    ['25 %', needed(), undefined, complete, { kind: 'failed', because: 'cut', nextTryAt: 0 }],
    ['failed because no way', needed(), 'no way', complete, absent],
    ['99 %', needed({ unread: ['3'.repeat(64) as Digest] }), undefined, complete, complete],
    ['0 %', needed({ sizes: new Map(), unread: [ONE] }), undefined, absent, absent],
  ])('%s', (said, what, failure, one, two) => {
    expect(say(what, failure, one, two)).toBe(said);
  });

  it('is never complete where a platform is not offered', () => {
    const lacking = needed({ notOffered: [{ os: 'linux', architecture: 'arm64' }] });
    expect(say(lacking, undefined, complete, complete)).toBe('99 %');
    expect(whyNever(lacking)).toBe('the image is not for linux/arm64');
    expect(whyNever(needed())).toBeUndefined();
  });
});

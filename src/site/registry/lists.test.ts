import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { SampleClock } from '../../../test/support/sample-site.ts';
import type { Repository } from '../../kernel/image-name.ts';
import type { Call } from './caller.ts';
import { createLists } from './lists.ts';

const REPOSITORY = 'pos/app' as Repository;

/** A registry whose pages of tags never end; each has so many of them. */
function endless(tagsOnPage: number) {
  let pages = 0;
  const body = Buffer.from(JSON.stringify({ tags: Array(tagsOnPage).fill('x'.repeat(20)) }));
  const lists = createLists({
    clock: new SampleClock(),
    caller: {
      call: async () => {
        const headers = { link: `</v2/pos/app/tags/list?last=${++pages}>; rel="next"` };
        return {
          status: 200,
          response: Object.assign(Readable.from([body]), { headers }) as unknown as IncomingMessage,
        };
      },
      quota: () => undefined,
      isAway: () => false,
    },
    callOf: (method, repository, rest, signal): Call => ({
      ...{ method, repository, signal, headersMs: 1 },
      url: new URL(`http://registry.test/v2/${repository}/${rest}`),
    }),
    fetchManifest: () => Promise.reject(new Error('nobody asks')),
  });
  return { tags: () => lists.tags(REPOSITORY, new AbortController().signal), pages: () => pages };
}

it('pages that never end are given up when all of them together are too large to hold', async () => {
  const { tags, pages } = endless(100_000);
  await expect(tags()).rejects.toThrow('more than');
  expect(pages()).toBe(4);
});

it('pages that never end are given up after a hundred', async () => {
  const { tags, pages } = endless(1);
  await expect(tags()).rejects.toThrow('100 pages');
  expect(pages()).toBe(100);
});
